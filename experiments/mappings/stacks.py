"""What memory does a stack take, when does it get it, and does it give it back?

A chain of calls of 4 MiB, of 7 MiB, or of more than RLIMIT_STACK is made and returns, and the stack's pages are counted by
address. 16 threads are started, and the growth of VmRSS and VmSize is read. Memory that was mapped and filled, was given back
by hand, or never touched shows how the answers read.
"""

import signal
from collections.abc import Callable

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Counter, Exactly, Known, Needs, Not, Pages, Signal,
    Small,
    pages, table,
)
from harness.lab import DONTNEED, NO_ACCESS, RLIMIT_STACK, Lab, Probe, Region

DEEP, LIMIT, THREADS = 4 * MIB, 8 * MIB, 16

SHRINKS = Claim(
    "stack-shrinks", "Stack pages that a deep call used are given back when it returns.", MAPPINGS,
    known=(Known(REFUTED,
                 "mm/mmap.c, acct_stack_growth (v5.10 to v6.12); mm/vma.c, acct_stack_growth (v7.2): stacks grow by faults; "
                 "nothing in the kernel shrinks one"),),
    instead="Do rare deep recursion in a thread of its own, which gives its stack back when it ends, or call "
            "madvise(MADV_DONTNEED) below the stack pointer: a stack keeps its deepest pages.")
EACH_8M = Claim(
    "stack-8m-resident", "Each thread costs 8 MiB of memory.", MAPPINGS,
    known=(Known(REFUTED,
                 "pthread_create(3), NOTES (man-pages 6.03): RLIMIT_STACK gives the size of a thread's stack; mm/memory.c, "
                 "do_anonymous_page (v5.10 to v7.2): a page of it comes when it is touched"),),
    instead="Count some pages for each thread that does little: 8 MiB is the most that its stack can take. It stands in "
            "VmSize and in Committed_AS, not in RSS.")
AT_START = Claim(
    "stack-limit-prealloc", "The main stack's 8 MiB are allocated at start.", MAPPINGS,
    known=(Known(REFUTED,
                 "fs/exec.c, setup_arg_pages: the mapping begins with 128 KiB more than the arguments take (v5.10 to v7.2)"),),
    instead="Take RLIMIT_STACK as the most that the main stack may grow to: at start it is mapped with some 130 KiB, of which a "
            "few pages are resident.")
OVER = Claim(
    "stack-guard-hit-segv", "Growing the stack past RLIMIT_STACK raises SIGSEGV, not an OOM kill.", MAPPINGS,
    known=(Known(CONFIRMED,
                 "getrlimit(2), RLIMIT_STACK (man-pages 6.03): upon reaching this limit, a SIGSEGV signal is generated"),))


def fresh(lab: Lab, at: str) -> Probe:
    """Starts a probe with the limit of 8 MiB: the stack's place is laid out by it at exec, the limit counts from now on."""
    probe = lab.probe(at)
    probe.rlimit(RLIMIT_STACK, LIMIT, LIMIT)
    return probe


def called(probe: Probe) -> Region:
    """Makes a deep call, and gives its pages."""
    lowest = -(-probe.deep_call(DEEP).value // probe.page_size) * probe.page_size
    return probe.region(lowest, DEEP - 2 * probe.page_size)     # the last pages are others' frames


def left(words: str, memory: Callable[[Probe], Region]) -> Case:
    def do(lab: Lab, at: str) -> None:
        lab.sample(at, pages={"memory": memory(fresh(lab, at))})
    return Case(words, do)


def grown(words: str, act: Callable[[Probe], object]) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = fresh(lab, at)
        lab.sample(f"{at} before")
        act(probe)
        lab.sample(f"{at} after")
    return Case(words, do)


def main_stack(words: str, deep: int = 0) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = fresh(lab, at)
        if deep:
            probe.deep_call(deep)
        lab.sample(at)
    return Case(words, do)


def past(words: str, size: int) -> Case:
    def do(lab: Lab, at: str) -> None:
        fresh(lab, at).try_as(at).deep_call(size)
    return Case(words, do)


def protected(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    probe.try_as(at).touch(probe.mmap(lab.page_size, protection=NO_ACCESS).value, lab.page_size)


OF_THREADS, ALMOST = THREADS * LIMIT, LIMIT - MIB
EXPERIMENT = table(
    Small(SHRINKS, "pages that are not there", left("after a deep call", called),
          left("after a deep call and MADV_DONTNEED", lambda probe: called(probe).advise(DONTNEED)),
          left("of a mapping that was filled", lambda probe: probe.map(DEEP).fill()), of=lambda at: Pages(at, "memory", "absent"),
          unit="pages", if_true=AtLeast(1, "some were given back"), if_false=Exactly(0, "none was"),
          says=f"Of {DEEP // MIB} MiB of stack that calls had used and left, {{value}} pages were given back."),
    Small(EACH_8M, "growth of VmRSS", grown(f"by {THREADS} threads", lambda probe: probe.threads(THREADS)),
          grown(f"by a mapping of {OF_THREADS // MIB} MiB that is filled", lambda probe: probe.map(OF_THREADS).fill()),
          grown(f"by a mapping of {OF_THREADS // MIB} MiB", lambda probe: probe.map(OF_THREADS)),
          of=lambda at: Change(f"{at}/status:VmRSS", f"{at} before", f"{at} after"),
          if_true=AtLeast(pages(OF_THREADS) - 64, "8 MiB each, but for the 64 pages that VmRSS may be off (mm/memory.c, "
                                                  "TASK_RSS_EVENTS_THRESH, v5.10, v6.1)"),
          if_false=AtMost(pages(OF_THREADS) - 65, "less than 8 MiB each"),
          says=f"{THREADS} threads made VmRSS grow by {{value}} pages."),
    Small(AT_START, "VmStk", main_stack("at main"), main_stack("after a call that takes 7 MiB", ALMOST),
          main_stack("after a call that takes 1 MiB", MIB), of=lambda at: Counter(f"{at}/status:VmStk", at),
          if_true=AtLeast(pages(ALMOST), "8 MiB, but for 1 MiB that the first frames and arguments may take of it"),
          if_false=AtMost(pages(ALMOST) - 1, "less"), says="At main the stack was {value} pages large."),
    Small(OVER, "signal", past("of a call of more than RLIMIT_STACK", LIMIT + MIB),
          Case("of a touch of PROT_NONE memory", protected),
          past("of a call of less than RLIMIT_STACK", LIMIT - MIB), of=Signal, unit="signal",
          if_true=Exactly(signal.SIGSEGV, "not SIGKILL, by which the OOM killer ends a process"),
          if_false=Not(signal.SIGSEGV, "another end, or none"),
          says="A call that took more than RLIMIT_STACK ended with {value}."),
    besides=(Besides(EACH_8M,
                     Change(f"{EACH_8M.id}.asked/status:VmSize", f"{EACH_8M.id}.asked before", f"{EACH_8M.id}.asked after"),
                     AtLeast(pages(OF_THREADS)), "VmSize grew by {value} pages."),),
    needs=Needs(disks=()),
)
