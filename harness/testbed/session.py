"""What is shown in the test bed: on each system, as root, as a user with a delegated cgroup and as one without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import catalogue, results
from harness.claims import SKIPPED
from harness.testbed.faults import faults
from harness.testbed.guest import Guest, booted
from harness.testbed.system import System

COLLECT = "python3 -m harness.testbed.collect {run} {names} --trials {trials} {flags}"
# In these, processes die at their own group's limit while the rest of the system must not notice.
PRESSED = "background-save"
# What every process is told by: a pid is used again, its start time in clock ticks since boot is not.
PROCESSES = "for s in /proc/[0-9]*/stat; do sed 's/^\\([0-9]*\\) (\\(.*\\)) .*/\\1 \\2/' $s 2>/dev/null; done"
SECONDS = 3000


@dataclass(frozen=True)
class Shown:
    """One thing that was to be shown: whether it holds, and the numbers."""

    what: str
    holds: bool
    said: str


def judged(run: Path) -> tuple[dict[str, int], list[str]]:
    """Verdicts of a run: how many are as known and how many skipped, and a line for each that is neither."""
    counts: dict[str, int] = {"as known": 0, "skipped": 0}
    other = []
    for one in results.judge_run(run):
        other += [f"broken: {failure['experiment']}: {failure['what']}" for failure in one.failures]
        for row in one.rows:
            if row["verdict"] in {SKIPPED, row["known"]}:
                counts["skipped" if row["verdict"] == SKIPPED else "as known"] += 1
            else:
                settings = " ".join(row["settings"].get(name, "") for name in ("lru", "malloc")).strip()
                other.append(f"{row['claim']} ({settings}) {row['verdict']}, known {row['known']}: {row['why']}")
    return counts, other


def verdicts(guest: Guest, user: str, names: str, trials: int, flags: str, into: Path) -> Shown:
    """Runs experiments on the guest's local machine and judges them here."""
    run = f"/var/tmp/run-{user or 'root'}"
    said = guest.type(COLLECT.format(run=run, names=names, trials=trials, flags=flags), user, SECONDS)
    who = f"verdicts as {user or 'root'}"
    if said.status:
        return Shown(who, False, said.text[-600:])
    guest.fetch(run, into)
    counts, other = judged(into)
    return Shown(who, not other and counts["as known"] > 0,
                 ", ".join(f"{number} {what}" for what, number in counts.items()) + "".join(f"\n    {one}" for one in other))


def without_session(guest: Guest) -> Shown:
    """A user whom nobody gave a cgroup is told what to type, and nothing runs."""
    said = guest.type("cd /opt/lab && python3 -m invoke run-experiment page-size --machine local --results /var/tmp/cache-plain",
                      "plain", session=False)
    return Shown("a user without a delegated cgroup", said.status >> 8 == 4 and "loginctl enable-linger" in said.text,
                 said.text.strip())


def without_systemd(guest: Guest, into: Path) -> Shown:
    """Root where no systemd can be asked, as in a container that sees the whole hierarchy: a plain group is made."""
    hidden = "unshare --mount sh -c 'mount -t tmpfs tmpfs /run/systemd; " + COLLECT.format(
        run="/var/tmp/run-plain", names="page-size malloc-calls", trials=1, flags="") + "'"
    said = guest.type(hidden)
    if said.status:
        return Shown("root without systemd", False, said.text[-600:])
    guest.fetch("/var/tmp/run-plain", into)
    counts, other = judged(into)
    left = guest.type("find /sys/fs/cgroup -name 'folklab*'").text.split()
    return Shown("root without systemd", not other and not left and counts["as known"] > 0,
                 f"{counts['as known']} as known" + "".join(f"\n    {line}" for line in [*other, *left]))


def killed(guest: Guest, rounds: int) -> Shown:
    """Everything is as before after kills at random moments, and some of them came while something was changed."""
    found = list(faults(guest, rounds))
    wrong = [f"round {one.number} ({one.whom}): {line}" for one in found for line in one.wrong]
    undone = [one.undone for one in found]
    return Shown(f"{rounds} kills", not wrong and any(undone),
                 f"{sum(map(bool, undone))} left a journal, {sum(undone)} changes undone, {len(wrong)} things not as before"
                 + "".join(f"\n    {line}" for line in wrong[:20]))


def unharmed(guest: Guest, runs: int) -> Shown:
    """No process of the system's dies of an OOM in a sandbox."""
    before = set(guest.must(PROCESSES).splitlines())
    kills = "awk '/^oom_kill /{print $2}' /proc/vmstat"
    count = int(guest.must(kills))
    for number in range(runs):
        guest.must(COLLECT.format(run=f"/var/tmp/pressed-{number}", names=PRESSED, trials=1, flags="--throwaway"))
    gone = before - set(guest.must(PROCESSES).splitlines())
    # Kernel threads come and go as they like; the reading processes are gone by themselves.
    gone = {line for line in gone if not line.split(" ", 1)[1].startswith(("kworker", "sh", "sed"))}
    happened = int(guest.must(kills)) - count
    return Shown(f"{runs} runs with an OOM in a sandbox", not gone and happened >= runs,
                 f"{happened} processes killed in sandboxes, {len(gone)} of the system's gone {' '.join(sorted(gone))}".strip())


def show(tested: System, into: Path, *, trials: int, rounds: int, section: str = "",
         heard: Callable[[str], None] = lambda line: None) -> Iterator[Shown]:
    """All of it on one system, each as it comes. rounds: of the fault test; runs with an OOM are a fifth of that."""
    found = catalogue.of_section(section) if section else list(catalogue.load().values())
    harmless = " ".join(one.name for one in found if not one.needs.changes and not one.needs.throwaway)
    into.mkdir(parents=True, exist_ok=True)
    with booted(tested, into / "console.log") as guest:
        heard(f"{tested.suite}, {guest.info.release}")
        yield without_session(guest)
        if harmless:
            yield verdicts(guest, "delegated", harmless, trials, "", into / "delegated")
        yield verdicts(guest, "", " ".join(one.name for one in found), trials, "--changes --throwaway", into / "root")
        yield without_systemd(guest, into / "plain-group")
        yield unharmed(guest, max(1, rounds // 5))
        yield killed(guest, rounds)
