"""What the running kernel's code is made of: its functions by name, and how often a process's calls reach one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from harness.claims.claim import Claim, Exactly, Expect
from harness.claims.quantities import Derived, Quantity, Recorded
from harness.evidence.recording import Recording
from harness.lab import tracing
from harness.lab.lab import Lab
from harness.linux import trace_events

SYMBOLS = "/proc/kallsyms"


def record_functions(lab: Lab, names: Iterable[str]) -> None:
    """Records 1 under each name that is a function of the kernel's, 0 under each that is none. A function that the compiler
    has inlined wherever it is called has no symbol, and is none of its own; one that GCC has given other arguments is
    called NAME.isra.0 or NAME.constprop.0."""
    rows = (line.split() for line in lab.read_bytes(SYMBOLS).decode(errors="replace").splitlines())
    symbols = (row[2] for row in rows if len(row) >= 3 and row[1] in "tTwW")
    functions = {re.sub(r"\.(isra|constprop)\.\d+", "", symbol) for symbol in symbols}
    for name in names:
        lab.record(name, int(name in functions))


MACRO = "for_each_process"  # include/linux/sched/signal.h (v6.12): in the source of every kernel, and none of its functions


def is_function(claim: Claim, name: str, beside: str) -> Expect:
    """Expects a name to be one of a function, as `record_functions` has recorded it. beside: one that must be there; MACRO, which
    is to be recorded too, is none."""

    def there(one: str) -> Quantity:
        return Recorded(one, "functions", title=f"functions called {one}")

    return Expect(
        claim,
        there(name),
        if_true=Exactly(1, "its name is a symbol of the kernel's code"),
        if_false=Exactly(0, "it is not in the source, or inlined wherever it is called"),
        reads_true=there(beside),
        reads_false=there(MACRO),
        says=f"Among the kernel's symbols there {{value:is a|is no}} function {name}.",
        reference_why="a macro is no function on any kernel: what is looked up is a name, and this one is not there",
    )


def count_calls(lab: Lab, name: str, function: str, pid: int, what: Callable[[], object]) -> None:
    """Records under a name the events of one process entering a kernel function while something is done. Skips where the
    function can't be probed."""
    event = name.replace(" ", "_").replace("-", "_").replace(".", "_")
    tracing.at(lab.hand, event, function)
    with lab.trace(name, f"kprobes:{event}", pid=pid):
        what()


def calls(name: str) -> Derived:
    """Counts the events that `count_calls` recorded under a name; None if some of them were lost."""

    def read(recording: Recording) -> int | None:
        found = trace_events.events(recording, name)
        return None if found is None else len(found)

    return Derived(f"calls of “{name}”", read, "calls")
