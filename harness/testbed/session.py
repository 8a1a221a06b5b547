"""What is shown in the test bed: the local machine as root, as a user with a delegated cgroup and as one without; guests
under KVM."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.claims.claim import Experiment
from harness.testbed.containers import in_containers
from harness.testbed.faults import faults
from harness.testbed.guest import Guest, booted
from harness.testbed.shown import COLLECT, Shown, collected
from harness.testbed.system import System
from harness.testbed.virtualisation import under_kvm

# In these, processes die at their own group's limit while the rest of the system must not notice.
PRESSED = "background-save"
# What .ci/this-kernel finds on a runner, but for the set-up, which needs a network.
RUNNER = r"""
mkdir -p /var/tmp/ci && cd /var/tmp/ci && ln -s /opt/lab/* . && cp -r /opt/lab/.ci . &&
printf '#!/bin/sh\nexec python3 -m invoke "$@"\n' >bootstrap && chmod +x bootstrap &&
GITHUB_STEP_SUMMARY=summary .ci/this-kernel results devshm
"""
# What every process is told by: a pid is used again, its start time in clock ticks since boot is not.
PROCESSES = "for s in /proc/[0-9]*/stat; do sed 's/^\\([0-9]*\\) (\\(.*\\)) .*/\\1 \\2/' $s 2>/dev/null; done"
LOCAL = ("refusal", "user", "root", "plain-group", "container", "ci", "pressure", "kills")
GUESTS = ("kvm",)
PARTS = (*LOCAL, *GUESTS)


def verdicts(guest: Guest, user: str, names: str, trials: int, flags: str, into: Path) -> Shown:
    """Runs experiments on the guest's local machine, judges them here and compares with guests' verdicts. What is
    undecided since the system was not at rest is run once more, and has to hold then."""
    began = time.monotonic()
    who = f"verdicts as {user or 'root'}"
    found = collected(guest, user, names, trials, flags, into)
    if isinstance(found, str):
        return Shown(who, False, found)
    said = f"{found.text()}\n    in {time.monotonic() - began:.0f} s"
    if not found.noisy:
        return Shown(who, found.holds, said)
    again = collected(guest, user, " ".join(found.noisy), trials, flags, into.with_name(f"{into.name}-again"))
    if isinstance(again, str):
        return Shown(who, False, again)
    return Shown(who, again.holds and not found.other, f"{said}\n    {' '.join(found.noisy)} once more: {again.text()}")


def without_session(guest: Guest) -> Shown:
    """Shows that a user whom nobody gave a cgroup is told what to type, and nothing runs."""
    said = guest.type(
        "cd /opt/lab && python3 -m invoke run-experiment page-size --machine local --results /var/tmp/cache-plain",
        "plain",
        session=False,
    )
    return Shown(
        "a user without a delegated cgroup", said.status >> 8 == 4 and "loginctl enable-linger" in said.text, said.text.strip()
    )


def without_systemd(guest: Guest, into: Path) -> Shown:
    """Shows root where no systemd can be asked, as in a container that sees the whole hierarchy: a plain group is made."""
    found = collected(
        guest,
        "",
        "page-size malloc-calls",
        1,
        "--settings first",
        into,
        "unshare --mount sh -c 'mount -t tmpfs tmpfs /run/systemd; {}'",
    )
    if isinstance(found, str):
        return Shown("root without systemd", False, found)
    left = guest.type("find /sys/fs/cgroup -name 'folklab*'").text.split()
    return Shown("root without systemd", found.holds and not left, found.text() + "".join(f"\n    left: {line}" for line in left))


def in_ci(guest: Guest) -> Shown:
    """Shows what CI runs, in the shell that it runs it in."""
    said = guest.type(RUNNER)
    summary, tests = guest.type("cat /var/tmp/ci/summary").text, guest.type("cat /var/tmp/ci/results/ktap.txt").text
    holds = said.status == 0 and "✔ confirmed" in summary and "\n  ok 1 devshm-is-tmpfs\n" in tests
    return Shown("CI's script", holds, tests.splitlines()[-1] if holds else f"{said.text[-600:]}{tests[-600:]}")


def killed(guest: Guest, rounds: int) -> Shown:
    """Shows that everything is as before after kills at random moments, and some of them came while something was changed."""
    found = list(faults(guest, rounds))
    wrong = [line for one in found for line in one.wrong]
    undone = Counter(kind for one in found for kind in one.undone)
    return Shown(
        f"{sum(one.rounds for one in found)} kills",
        not wrong and bool(undone),
        f"{sum(one.journals for one in found)} left a journal, {undone.total()} changes undone "
        f"({', '.join(f'{number} {kind}' for kind, number in sorted(undone.items()))}), "
        f"{len(wrong)} things not as before" + "".join(f"\n    {line}" for line in wrong[:20]),
    )


def unharmed(guest: Guest, runs: int) -> Shown:
    """Shows that no process of the system's dies of an OOM in a sandbox."""
    before = set(guest.must(PROCESSES).splitlines())
    kills = "awk '/^oom_kill /{print $2}' /proc/vmstat"
    count = int(guest.must(kills))
    for number in range(runs):
        guest.must(COLLECT.format(run=f"/var/tmp/pressed-{number}", names=PRESSED, trials=1, flags="--throwaway"))
    gone = before - set(guest.must(PROCESSES).splitlines())
    # Kernel threads come and go as they like; the reading processes are gone by themselves.
    gone = {line for line in gone if not line.split(" ", 1)[1].startswith(("kworker", "sh", "sed"))}
    happened = int(guest.must(kills)) - count
    return Shown(
        f"{runs} runs with an OOM in a sandbox",
        not gone and happened >= runs,
        f"{happened} processes killed in sandboxes, {len(gone)} of the system's gone {' '.join(sorted(gone))}".strip(),
    )


@dataclass(frozen=True)
class Asked:
    """What is to be shown. parts: of PARTS; experiments: whose verdicts are compared; settings: "all", "first" or "last"
    of each, "" for the system's own; rounds: of the fault test, and a fifth as many runs with an OOM."""

    parts: tuple[str, ...]
    experiments: tuple[Experiment, ...]
    settings: str = ""
    trials: int = 1
    rounds: int = 10

    @property
    def harmless(self) -> list[Experiment]:
        """Lists the experiments that an ordinary user may run."""
        return [one for one in self.experiments if not one.needs.changes and not one.needs.throwaway]


def parts_on(tested: System, asked: Asked) -> tuple[str, ...]:
    """Lists the parts that are asked for and shown on a system: those of guests where it virtualises, else those of the local
    machine."""
    return tuple(part for part in asked.parts if part in (GUESTS if tested.virtualises else LOCAL))


def show(guest: Guest, tested: System, into: Path, asked: Asked) -> Iterator[Shown]:
    """Shows all parts in one guest, each as it comes."""
    into.mkdir(parents=True, exist_ok=True)

    def compare(user: str, found: Sequence[Experiment], flags: str) -> Shown:
        names = " ".join(one.name for one in found)
        return verdicts(guest, user, names, asked.trials, f"{flags} --settings {asked.settings}", into / (user or "root"))

    shown: dict[str, Callable[[], Shown]] = {
        "refusal": lambda: without_session(guest),
        "user": lambda: compare("delegated", asked.harmless, ""),
        "root": lambda: compare("", asked.experiments, "--throwaway"),
        "plain-group": lambda: without_systemd(guest, into / "plain-group"),
        "container": lambda: in_containers(guest, into / "container"),
        "ci": lambda: in_ci(guest),
        "pressure": lambda: unharmed(guest, max(1, asked.rounds // 5)),
        "kills": lambda: killed(guest, asked.rounds),
        "kvm": lambda: under_kvm(guest, tested.series, asked.trials, into / "kvm"),
    }
    for part in parts_on(tested, asked):
        if part != "user" or asked.harmless:
            yield shown[part]()


def show_on(tested: System, into: Path, asked: Asked, heard: Callable[[str], None]) -> Iterator[Shown]:
    """Boots one of the systems and shows all parts on it."""
    into.mkdir(parents=True, exist_ok=True)
    with booted(tested, into / "console.log") as guest:
        heard(f"{tested.name}, {guest.info.release}")
        yield from show(guest, tested, into, asked if asked.settings else replace(asked, settings=tested.settings))
