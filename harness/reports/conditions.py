"""What held while a claim was put to the test: kernel, machine, settings, noise."""

from __future__ import annotations

from harness.claims.limits import human
from harness.evidence.schema import EnvironmentFile, MachineRow
from harness.reports.wording import HOST, code, plain
from harness.verdicts import knobs
from harness.verdicts.judged import Judged


def conditions(judged: Judged, around: EnvironmentFile) -> list[tuple[str, str]]:
    """Lists what held while the claim was put to the test: name and value, as Markdown."""
    starts = [one.start for trial in judged.trials for one in trial.arms.values() if one.start]
    machine: MachineRow = starts[0]["machine"] if starts else {}
    host, tools = around.get("host"), around.get("versions")
    found = [
        (
            "Kernel",
            f"Linux {plain(machine.get('release', judged.cell['kernel']))}"
            + (f", {plain(machine['arch'])}, {code(machine['version'])}" if machine else ""),
        )
    ]
    if judged.cell.get("package"):
        found.append(("Package", plain(judged.cell.get("package"))))
    if judged.cell["config"]:
        found.append(("Configuration", code(judged.cell["config"])))
    if machine:
        at = "QEMU guest" if machine["name"] == "vm" else HOST
        accelerator = f" ({machine['accelerator'].upper()})" if machine["name"] == "vm" else ""
        qemu = f", QEMU {plain(tools['qemu'])}" if machine["name"] == "vm" and tools and tools["qemu"] else ""
        found += [
            (
                "Machine",
                f"{at}{accelerator}{qemu}, processors: {machine['cpus']}, MemTotal "
                f"{human(machine['memory'] // 1024)} KiB, pages of {human(machine['page_size'])} bytes",
            ),
            ("Command line", code(machine["command_line"]) or "empty"),
            ("Settings", settings(judged)),
            *by_procedure(judged),
            *on_host(machine),
        ]
    idle = "between two idle samples at the start of each recording"
    floor = judged.cell.get("noise")
    found.append(
        (
            "Noise floor",
            f"{idle}, and in {floor['runs']} runs of the empty procedure on Linux {plain(floor['kernel'])}" if floor else idle,
        )
    )
    if host:
        found.append(("Host", f"Linux {plain(host['release'])}, {plain(host['machine'])}, processors: {host['cpus']}"))
    return found


def by_procedure(judged: Judged) -> list[tuple[str, str]]:
    """Lists the knobs that the procedure turned itself, each with its values in order."""
    found = knobs.turned(judged.trials)
    return [("Turned by the procedure", plain("; ".join(f"{knob}: {', '.join(found[knob])}" for knob in found)))] if found else []


def on_host(machine: MachineRow) -> list[tuple[str, str]]:
    """Lists what only the local machine says of itself: what its disks lie on, and who else may kill."""
    found = [("Disks", f"loop devices over files on {plain(machine['disks_on'])}")] if machine.get("disks_on") else []
    return found + ([("systemd-oomd", "runs: under pressure it may kill a sandbox")] if machine.get("oomd") else [])


def settings(judged: Judged) -> str:
    """Lists every setting as it was read back, each with its values where the recordings differ."""
    starts = [one.start for trial in judged.trials for one in trial.arms.values() if one.start]
    names = dict.fromkeys(name for start in starts for name in start.get("settings", {}))
    found = []
    for name in names:
        values = dict.fromkeys(start["settings"].get(name) for start in starts)
        if name not in {"memory", "cpus"}:  # the machine's size, not a setting of its kernel
            found.append(f"{name}={' or '.join('absent' if one is None else str(one) for one in values)}")
    own = [f"{name}={value}" for name, value in judged.cell.get("overridden", {}).items()]
    return plain(", ".join(found) + (f" (overridden; the experiment has {', '.join(own)})" if own else ""))
