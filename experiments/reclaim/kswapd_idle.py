"""Does kswapd wake up by itself, from time to time, to look at the free memory?

Nothing is short of memory. For 5 seconds the voluntary context switches of kswapd are counted, beside those of a
process that sleeps all the time and of one that wakes once a second.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
    counters,
)
from harness.lab import NO_REQUEST, Lab, LabError

SECOND = 1_000_000_000
# Seconds. Kernels whose kswapd did wake by itself let it sleep for one second (v2.4.0, mm/vmscan.c, kswapd): such a period
# shows twice and more, as would any of up to 2.5 s.
WINDOW, PERIOD = 5, 1

PERIODIC = Claim(
    "kswapd-periodic", "kswapd wakes up periodically to look at the free memory.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, kswapd_try_to_sleep: schedule() without a timeout until wakeup_kswapd (v5.10 to "
                          "v7.2); measured: no switch in 5 or 10 s of idleness"),),
    instead="kswapd is woken by an allocation that finds a zone short of free pages. pgscan_kswapd in /proc/vmstat tells "
            "when it has worked.")


def pid_of(lab: Lab, name: str) -> int:
    """The process of that name. Raises LabError if there is none."""
    for entry in lab.hand.list("/proc").text.split(b"\0"):
        if entry.isdigit() and (lab.find(f"/proc/{int(entry)}/comm") or "").strip() == name:
            return int(entry)
    raise LabError(f"process {name}", "the machine has none of that name", "use another kernel")


def procedure(lab: Lab) -> None:
    sleeper, regular = lab.probe("sleeper"), lab.probe("regular")
    watched = {"kswapd": pid_of(lab, "kswapd0"), "sleeper": sleeper.pid, "regular": regular.pid}
    memory = regular.map(MIB).fill()

    def switches() -> dict[str, int]:
        """How often each of them has gone to sleep of its own accord so far."""
        return {name: counters.keyed(lab.read(f"/proc/{pid}/status").encode())["voluntary_ctxt_switches"]
                for name, pid in watched.items()}

    pulse = regular.begin.touch(memory.address, MIB, rounds=NO_REQUEST, pause=PERIOD * SECOND)
    lab.sample("start")
    before = switches()
    lab.sleep(WINDOW * SECOND)
    after = switches()
    lab.sample("end")
    for name in watched:
        lab.record(f"wakes of {name}", after[name] - before[name])
    regular.kill_now()
    pulse.wait()


def wakes(name: str, what: str) -> Quantity:
    return Recorded(f"wakes of {name}", "wakes", title=f"wakes of {what} in {WINDOW} s")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(root=False),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=3,
    guards=(Guard(Change("vmstat:pgscan_kswapd", "start", "end"), Exactly(0),
                  "nobody may ask kswapd for memory meanwhile"),),
    expects=(Expect(
        PERIODIC, wakes("kswapd", "kswapd while nothing was short"),
        if_true=AtLeast(2, "two are the least that have a period"), if_false=AtMost(1, "none, or one: no period"),
        reads_true=wakes("regular", f"a process that wakes every {PERIOD} s"),
        reads_false=wakes("sleeper", "a process that waits for a request"),
        says=f"In {WINDOW} s without a shortage kswapd woke {{value:times}}."),),
)
