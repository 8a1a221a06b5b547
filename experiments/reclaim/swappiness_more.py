"""Does a higher swappiness swap more when a group reads a file beside idle anonymous memory?

A group of 160 MiB holds 96 MiB of idle anonymous memory and reads a file of 128 MiB three times; the pages swapped out
meanwhile are counted. Twelve rounds fixed beforehand run a new group each at swappiness 0, 60, 60 once more, 100, 1 and the
highest that the kernel takes, in an order that is shuffled anew in each round, so that whatever drifts from round to round
favours none. Runs of one round are compared with each other. 60 beside 60 is the reference that must read false; the highest,
where a quarter of the idle memory is also told to go (MADV_PAGEOUT), beside 1 is the one that must read true: that shows when
the file was read once.
"""

import os
import random

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, RATE, REFUTED, Claim, Derived, Events, Every, Exactly, Expect, Experiment, Guard, Known, MoreThan, Needs,
    NoMoreThan, NotEvery, Recording,
)
from harness.lab import PAGEOUT, Lab

LIMIT, IDLE, FILE, READS, ROUNDS = 160 * MIB, 96 * MIB, 128 * MIB, 3, 12
AGAIN, HIGHEST = "60 once more", "highest, told to go"
SWAPPINESS = {"0": 0, "60": 60, AGAIN: 60, "100": 100, "1": 1, HIGHEST: 200}
APART = ("1", HIGHEST)      # compared with each other alone
LEVEL, ASKED = 0.001, 36      # rounds over the trials
PATH, MOST_BEFORE_58 = "/proc/sys/vm/swappiness", 100      # 200 since v5.8 (c843966c556d); older kernels refuse it

BALANCE = ("mm/vmscan.c, get_scan_count: swappiness is the weight of anonymous memory in what is scanned, against costs and list "
           "sizes that are exact")
OLD = "measured on 5.10 and 6.1: 0, 11,597 to 11,685 and 16,572 to 17,071 pages in 8 to 12 runs each"
STALE = ("mm/vmscan.c, prepare_scan_control (v6.12; “memcg: use ratelimited stats flush in the reclaim”, 2024): of the group's "
         "statistics, which reclaim brings up to date only where the flusher is a whole period late, it reads whether the "
         "inactive lists are low, whether there are refaults, and from both whether anonymous memory is left alone "
         "(cache_trim_mode), with counts that are up to 2 s old: runs of one setting are as far apart as the settings")
NOT_AT_ALL = Known(
    REFUTED, "mm/vmscan.c, isolate_folios: only the oldest generation of either kind is scanned. Memory that a fault filled is "
             "in the youngest (mm/swap.c, folio_add_lru), what read() brings in goes to the oldest (lru_gen_add_folio), so that "
             "never empties, and while it yields enough get_nr_to_scan skips the aging: the idle memory never becomes old (v6.1, "
             "v6.12; measured on 6.12: 0 pages in 12 rounds, at 200 too)", settings={"lru": "mglru"})
TEXT = ("In a group of 160 MiB with 96 MiB of idle anonymous memory, reading a 128 MiB file three times swaps more at "
        "swappiness 60 than at 0, and more at 100 than at 60")
MORE = Claim(
    "swappiness-higher-swaps-more",
    TEXT + ", in so many rounds that chance is ruled out (the settings of a round in shuffled order, at least 36 rounds over "
    "the trials, one-sided sign test, p < 0.001).", RECLAIM, kind=RATE,
    known=(Known(CONFIRMED, f"{BALANCE}; {OLD}", settings={"lru": "classic"}, until="6.12"), NOT_AT_ALL),
    instead="With MGLRU (/sys/kernel/mm/lru_gen/enabled) swappiness does little as long as cache that was read once can be "
            "freed: move idle memory out with memory.reclaim or MADV_PAGEOUT, and keep it with memory.low or memory.min.")
ALWAYS = Claim(
    "swappiness-higher-every-run", TEXT + ", in every round.", RECLAIM, kind=RATE,
    known=(Known(CONFIRMED, f"{BALANCE}; {OLD}", settings={"lru": "classic"}, until="6.12"),
           Known(REFUTED, STALE, settings={"lru": "classic"}, since="6.12"), NOT_AT_ALL),
    instead="Compare many runs, never two: newer kernels go by statistics that are up to two seconds old, and runs of one "
            "setting lie as far apart as the settings; with MGLRU nothing may be swapped at any setting.")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    lab.swapon()
    settings = dict(SWAPPINESS)
    if lab.hand.attempt.put(PATH, str(settings[HIGHEST])).error:
        settings[HIGHEST] = MOST_BEFORE_58
    lab.record("settings", settings)
    seed = random.SystemRandom().randrange(1 << 32)
    lab.record("seed", seed)
    shuffled = random.Random(seed)  # noqa: S311 - an order, no secret
    lab.sample("start")
    rounds = []
    for number in range(ROUNDS):
        order = shuffled.sample(list(settings), len(settings))
        rounds.append([[name, *read_file(lab, number, name, settings[name], disk)] for name in order])
    lab.record("rounds", rounds)
    lab.sample("end")


def read_file(lab: Lab, number: int, setting: str, swappiness: int, directory: str) -> tuple[int, int]:
    """Pages swapped out while a new group fills its idle memory, and while it reads a new file, at this swappiness."""
    lab.write(PATH, str(swappiness))
    name = f"{number}, {setting}"
    with lab.sandbox(name.replace(", ", "-").replace(" ", "-"), memory_max=LIMIT) as box:
        probe = lab.probe(name, box)
        fd = probe.open(f"{directory}/{name}", os.O_RDWR | os.O_CREAT).value
        probe.ftruncate(fd, FILE)       # a hole: its pages are cached and reclaimed as all clean pages are
        lab.sync()
        start = swapped_out(lab)
        idle = probe.map(IDLE).fill()
        filled = swapped_out(lab)
        if setting == HIGHEST:       # the multi-generational LRU swaps none of it by itself, at whatever swappiness
            probe.madvise(idle.address, IDLE // 4, PAGEOUT)
        for _ in range(1 if setting in APART else READS):
            probe.read(fd, FILE)
        read = swapped_out(lab)
        probe.unlink(f"{directory}/{name}")
    return filled - start, read - filled


def swapped_out(lab: Lab) -> int:
    return lab.counter("vmstat:pswpout") // lab.page_size


def unasked(recording: Recording) -> int | None:
    rounds = recording.records.get("rounds")
    return None if rounds is None else sum(filling for runs in rounds for _, filling, _ in runs)


def over(higher: str, lower: str) -> Events:
    """Rounds in which the run at one setting swapped more than that at the other; as many is no more."""
    def wins(recording: Recording) -> list[bool] | None:
        rounds = recording.records.get("rounds")
        found = [{name: reading for name, _, reading in runs} for runs in rounds or ()]
        return None if rounds is None else [runs[higher] > runs[lower] for runs in found]
    return Events(f"rounds in which swappiness {higher} swapped more than {lower}", wins, ROUNDS, "rounds")


PAIRS = (("60", "0"), ("100", "60"))
WINS, EQUAL = over(HIGHEST, "1"), over("60", AGAIN)

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap", "sysctl")),
    writes=("swappiness",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    deadline=1200,                  # over 400 s of an emulated arm64 processor
    guards=(Guard(Derived("pages swapped out while idle memory was filled", unasked, "pages"), Exactly(0),
                  "the idle memory must be there before the file is read"),),
    expects=(
        *(Expect(MORE, over(higher, lower),
                 if_true=MoreThan(0.5, LEVEL, "a setting that made no difference would swap more in half of the rounds; so many "
                                              "wins are chance in less than one of 1,000 cases"),
                 if_false=NoMoreThan(0.5, ASKED, why="half of the rounds, as with no difference, explain what was counted"),
                 reads_true=WINS, reads_false=EQUAL, says=f"Swappiness {higher} swapped more than {lower} in {{value}}.")
          for higher, lower in PAIRS),
        *(Expect(ALWAYS, over(higher, lower),
                 if_true=Every("“every round”"), if_false=NotEvery("one round in which it swaps no more is enough"),
                 reads_true=WINS, reads_false=EQUAL, says=f"Swappiness {higher} swapped more than {lower} in {{value}}.")
          for higher, lower in PAIRS)),
    version=7,
)
