"""What happens to a process that goes on past memory.high, with nothing to reclaim?

A process fills memory in a group with memory.high 4 MiB and no swap, and goes on past it. Then the group is looked at twice, 20 s
apart: how much it has, how much it got meanwhile, whether anything was killed. Beside it, in the same 20 s, as much is filled in
a group that is frozen, in two without a limit, and in one with 1 % of a processor. A group with memory.max 4 MiB has read a file
of four times that.
"""

import os

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Change, Claim, Counter, Exactly, Expect, Experiment, Known, Needs,
    Premise, Quantity, Recorded, pages,
)
from harness.lab import Lab, Region, Sandbox

HIGH, SIZE, STRETCH = 4 * MIB, 16 * MIB, 20_000_000_000      # bytes; ns
PART = 4 * MIB       # who has used up 1 % of a processor is stopped at the next tick, and may have filled 1 MiB before (5.10)
TICK, TICKS = 100_000_000, 100                              # ns; how often it is looked whether the limit is passed
V2 = "Documentation/admin-guide/cgroup-v2.rst"
DELAY = ("mm/memcontrol.c, calculate_high_delay, of which a page fault that charges a batch sleeps MEMCG_MAX_HIGH_DELAY_JIFFIES "
         "(2 s) at most")

KILLS = Claim(
    "memcg-high-kills", "A group that stays over memory.high is OOM-killed.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.high: “never invokes the OOM killer” (v5.10 to v7.2)"),),
    instead="Expect a crawl, not a kill: past memory.high a group is slowed down until it frees memory or reaches "
            "memory.max. Watch memory.pressure and the high of memory.events.")
HARD = Claim(
    "memcg-high-is-hard", "Usage never gets past memory.high.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.high: “the limit may be breached” (v5.10 to v7.2)"),),
    instead="Set memory.max for what must not be passed: memory.high is charged first and paid for afterwards.")
STOPS = Claim(
    "memcg-high-stops-forever", "A process that allocates past memory.high with nothing to reclaim makes no progress at all (no "
    "page in 20 s).", GROUPS, known=(Known(REFUTED, f"{DELAY} (v5.10 to v7.2)"),),
    instead="Expect a crawl: from 18 % past memory.high on, a thread that touches small pages gets one batch of charges, 64 "
            "pages (32 on 5.10), every two seconds, for as long as it likes.",
    discovery="memory.high holds nobody back for good, by intent (“to still keep the application moving forwards”): "
              "mm/memcontrol.c, calculate_high_delay grows by the square of the excess, and MEMCG_MAX_HIGH_DELAY_JIFFIES cuts "
              "it off at 2 s for each return to user mode: a batch of 64 pages where small pages are touched one by one "
              "(measured: 642 pages in 20 s). That is 128 KiB a second, 10 GiB a day, for each thread and without a kill: "
              "whoever counts on memory.high alone to stop a process that leaks has a slow one, which ends at memory.max or at "
              "the end of the machine's memory.")
THROTTLES = Claim(
    "memcg-high-throttles", "From 18 % past memory.high on, without swap, the same touching takes at least 10 times as long per "
    "page as below it.", GROUPS, known=(Known(CONFIRMED, f"{DELAY} (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    boxes = {"over": lab.sandbox("over", memory_high=HIGH, memory_swap_max=0), "frozen": lab.sandbox("frozen"),
             "free": lab.sandbox("free"), "beside": lab.sandbox("beside"), "slow": lab.sandbox("slow", cpu_max="1000 100000"),
             "limit": lab.sandbox("limit", memory_max=HIGH)}
    memory = {name: lab.probe(name, box).map(SIZE) for name, box in boxes.items()}
    lab.kill_by_oom()
    file = f"{lab.mount_disk()}/file"
    lab.hand.write(lab.hand.open(file, os.O_RDWR | os.O_CREAT).value, SIZE)
    lab.sync()
    lab.drop_caches(1)                  # or its pages stay charged to who wrote them
    reader = memory["limit"].probe
    reader.read(reader.open(file, os.O_RDONLY).value, SIZE)
    boxes["frozen"].set("cgroup.freeze", "1")
    endless = [memory[name].probe.begin.fill(memory[name].address, SIZE) for name in ("over", "frozen")]
    for _ in range(TICKS):
        if used(boxes["over"]) > HIGH or endless[0].done:
            break
        lab.hand.sleep(TICK)
    fill(lab, memory["free"])
    fill(lab, memory["slow"].part(0, PART))
    lab.sample("over")
    had = used(boxes["over"])
    waited = fill(lab, memory["beside"]) + lab.sleep(STRETCH)
    took(lab, "over", waited, used(boxes["over"]) - had)
    lab.sample("later")
    for name, pending in zip(("over", "frozen"), endless, strict=True):
        memory[name].probe.kill_now()
        pending.wait()


def used(box: Sandbox) -> int:
    return int(box.read("memory.current") or 0)


def fill(lab: Lab, memory: Region) -> int:
    """Fills memory, records how long a page took, and returns how long all did, ns."""
    reply = memory.probe.fill(memory.address, memory.length)
    took(lab, memory.probe.name, reply.nanoseconds, memory.length)
    return reply.nanoseconds


def took(lab: Lab, name: str, nanoseconds: int, size: int) -> None:
    lab.record(f"{name}: ns a page", nanoseconds // max(size // lab.page_size, 1))


def kills(box: str, words: str) -> Quantity:
    return Counter(f"{box}/memory.events:oom_kill", "later").called(f"kills in a group {words}", "kills")


def usage(box: str, words: str) -> Quantity:
    return Counter(f"{box}/memory.current", "later").called(f"memory.current of a group {words}")


def growth(box: str, words: str) -> Quantity:
    return Change(f"{box}/memory.current", "over", "later").called(f"growth in 20 s of memory.current of a group {words}")


def as_long(box: str, words: str) -> Quantity:
    once = Recorded("free: ns a page", "ns")
    return (Recorded(f"{box}: ns a page", "ns") / once).called(f"times as long a page takes in a group {words}", "times")


PAST = "past memory.high"
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=512 * MIB, changes=("drop_caches", "mount")),
    rate=0,
    version=2,
    premises=tuple(Premise(claim, Counter("over/memory.current", "over"), AtLeast(pages(HIGH) + 1), "the group is not past it")
                   for claim in (KILLS, STOPS, THROTTLES)),
    besides=(Besides(HARD, Counter("over/memory.events:high", "later"), AtLeast(1), "memory.events counted {value} times high."),
             Besides(STOPS, Recorded("over: ns a page", "ns") // 1_000_000, AtLeast(1), "That is one page in {value} ms.")),
    expects=(
        Expect(KILLS, kills("over", PAST), if_true=AtLeast(1, "it was killed"), if_false=Exactly(0, "nothing was"),
               reads_true=kills("victim-box", "past memory.max"), reads_false=kills("free", "without a limit"),
               says="After 20 s past memory.high {value} processes had been killed."),
        Expect(HARD, usage("over", PAST), if_true=AtMost(pages(HIGH), "“never”: not a page"),
               if_false=AtLeast(pages(HIGH) + 1, "a page is past it"), reads_true=usage("limit", "at memory.max of as much"),
               reads_false=usage("free", "without a limit"), says="With a memory.high of 1,024 pages the group had {value}."),
        Expect(STOPS, growth("over", PAST), if_true=Exactly(0, "no page"), if_false=AtLeast(1, "a page is progress"),
               reads_true=growth("frozen", "that is frozen"), reads_false=growth("beside", "without a limit"),
               says="In 20 s past memory.high a process got {value} pages more."),
        Expect(THROTTLES, as_long("over", PAST), if_true=AtLeast(10, "the claim's factor"), if_false=AtMost(9.99, "less"),
               reads_true=as_long("slow", "with 1 % of a processor"), reads_false=as_long("beside", "without a limit"),
               says="Past memory.high a page took {value} times as long."),
    ),
)
