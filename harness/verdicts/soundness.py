"""What would make an expectation say what it says whatever happens, as far as a machine can tell. Pure.

Of what is declared: a reference that is another quantity, that reads a number where nothing was recorded, or that compares a
moment with itself; ranges that leave room where the statement is about all of something.
Of evidence: a reference that reads 0 where nothing could have counted.

What an experiment has to do all the same it says in the expectation itself (`slack`, `reference_why`), with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.claims.claim import Expect, Experiment, Range
from harness.claims.quantities import Called, Change, Combined, Counted, Counter, Derived, Magnitude, Pages, Quantity
from harness.evidence.floor import role
from harness.evidence.recording import Event, Number, Recording, Trial
from harness.linux import counters

# Words by which a statement is about all of something. Not "every 10 ms", "all the time", "on a machine that does nothing else".
UNIVERSAL = re.compile(
    r"\b(all(?! the time)|every(?! \d)|each|never|no|nothing(?! else)|none|nobody|only|always|cannot|any|exactly)\b",
    re.IGNORECASE,
)
ENUMERATED = frozenset({"errno"})  # units whose numbers are names: between two of them lies nothing
STEP = 1  # from a number to the next
# What neither changes a counter nor lets one be changed: operations that read, and the write that folds counters for a sample.
READS = frozenset({"slurp", "stat", "statfs", "fstat", "mincore", "check", "check_file", "readlink", "pid", "getcpu"})
FOLDS = "/proc/sys/vm/stat_refresh"
# Counters that count only while there is a swap area.
OF_SWAP = re.compile(r"vmstat:(pswp\w+|swp\w+)|meminfo:SwapCached|.*/memory\.swap\..*|.*/smaps_rollup:Swap\w*|.*/status:VmSwap")
SWAP_STATES = frozenset({"swapped", "swap cache"})


def is_universal(expect: Expect) -> bool:
    """Says whether the statement is about all of something, by its words."""
    return bool(UNIVERSAL.search(expect.claim.text))


def leaves(quantity: Quantity) -> Iterator[Quantity]:
    """Yields what a quantity is made of: no sums, names or signs."""
    if isinstance(quantity, (Called, Magnitude)):
        yield from leaves(quantity.what)
    elif isinstance(quantity, Combined):
        yield from leaves(quantity.left)
        if isinstance(quantity.right, Quantity):
            yield from leaves(quantity.right)
    else:
        yield quantity


def kinds(quantity: Quantity) -> set[tuple[str, str]]:
    """Says what is read, whatever it is read of: counters by their role, states of pages, functions."""
    found = set()
    for leaf in leaves(quantity):
        what = ""
        if isinstance(leaf, Counted):
            what = role(leaf.counter)
        elif isinstance(leaf, Derived):
            what = f"{leaf.function.__module__}.{leaf.function.__qualname__}"
        elif state := getattr(leaf, "state", ""):
            what = str(state)
        found.add((type(leaf).__name__, what))
    return found


def room(expect: Expect) -> str:
    """Says what room the ranges leave between "all" and "not all"; "" if the next number is the other answer."""
    if expect.quantity.unit in ENUMERATED or _is_one(expect.if_true) or _is_one(expect.if_false):
        true, false = _ends(expect.if_true), _ends(expect.if_false)
        apart = [abs(one - two) for one in true for two in false]
        open_end = None in (expect.if_true.low, expect.if_true.high, expect.if_false.low, expect.if_false.high)
        if expect.quantity.unit not in ENUMERATED and open_end and apart and min(apart) > STEP:
            return f"no answer lies between {min(apart)} numbers"
        return ""
    loose = [bound for bound in (expect.if_true.low, expect.if_true.high) if not _is_sharp(bound)]
    if loose:
        return f"true up to {', '.join(bound.name if isinstance(bound, Quantity) else f'{bound:,}' for bound in loose)}"
    return ""


def _is_one(bounds: Range) -> bool:
    """Says whether just one number, or all but one, is in a range."""
    return bounds.low is not None and bounds.low == bounds.high


def _ends(bounds: Range) -> list[int | float]:
    """Lists the ends of a range that are plain numbers."""
    return [one for one in (bounds.low, bounds.high) if isinstance(one, (int, float))]


def _is_sharp(bound: Number | Quantity | None) -> bool:
    """Says whether a bound is none, one, or an amount that was measured or is all there is, give or take one."""
    if isinstance(bound, Combined):
        return bound.sign in {"+", "-"} and _is_sharp(bound.left) and _is_sharp(bound.right)
    if isinstance(bound, (Called, Magnitude)):
        return _is_sharp(bound.what)
    return bound is None or isinstance(bound, Quantity) or abs(bound) <= STEP


def declared(experiment: Experiment) -> Iterator[str]:
    """Tells what is wrong with an experiment's expectations as they are declared, and has no reason there."""
    nothing = Trial(1, {arm: Recording([{"event": "start", "machine": {"page_size": 4096}}]) for arm in experiment.arms})
    for expect in experiment.expects:
        about = f"{experiment.name}: {expect.claim.id}: “{expect.quantity.name}”"
        left = room(expect) if is_universal(expect) else ""
        if left and not expect.slack:
            yield f"{about}: the statement is about all, and {left}"
        if expect.slack and not left:
            yield f"{about}: a reason for room that is not there"
        for reference in (expect.reads_true, expect.reads_false):
            if kinds(reference) != kinds(expect.quantity) and not expect.reference_why:
                yield f"{about}: its reference “{reference.name}” is another quantity"
            if reference.read(nothing) is not None:
                yield f"{about}: its reference “{reference.name}” reads a number where nothing was recorded"
            if any(isinstance(leaf, Change) and leaf.since == leaf.until for leaf in leaves(reference)):
                yield f"{about}: its reference “{reference.name}” compares a moment with itself"


def recorded(experiment: Experiment, trial: Trial) -> Iterator[str]:
    """Tells which references read 0 in a trial because nothing could have counted, and have no reason in the experiment."""
    if not all(recording.start for recording in trial.arms.values()):
        return  # it never began
    for expect in experiment.expects:
        for reference in (expect.reads_true, expect.reads_false):
            why = "" if expect.reference_why or reference.read(trial) != 0 else _cannot_count(reference, trial)
            if why:
                yield f"{experiment.name}: {expect.claim.id}: reference “{reference.name}” is 0 by construction: {why}"


def _cannot_count(reference: Quantity, trial: Trial) -> str:
    """Says why nothing that a reference reads could have counted, "" if something could."""
    reasons = [_of_leaf(leaf, trial) for leaf in leaves(reference)]
    return reasons[0] if reasons and all(reasons) else ""


def _of_leaf(leaf: Quantity, trial: Trial) -> str:
    if not isinstance(leaf, (Pages, Change, Counter)) or (recording := trial.arms.get(leaf.arm)) is None:
        return ""
    if isinstance(leaf, Pages):
        return _without_swap(recording, leaf.sample) if leaf.state in SWAP_STATES else ""
    if leaf.of(recording) != 0:
        return ""
    if isinstance(leaf, Change) and not _acted(recording, leaf.since, leaf.until):
        return f"nothing is done between “{leaf.since}” and “{leaf.until}”"
    since = leaf.since if isinstance(leaf, Change) else leaf.sample
    if OF_SWAP.fullmatch(leaf.counter) and (off := _without_swap(recording, since)):
        return off
    return "" if _moves(recording, leaf.counter) else f"{role(leaf.counter)} never moves in this guest"


def _without_swap(recording: Recording, moment: str) -> str:
    return f"there is no swap area at “{moment}”" if recording.counter(moment, "meminfo:SwapTotal") == 0 else ""


def _acted(recording: Recording, since: str, until: str) -> bool:
    """Says whether anything but reading was done between two moments; yes where the operations were not recorded."""
    moments = [
        index for index, event in enumerate(recording.events) if event["event"] == "sample" and event["name"] in {since, until}
    ]
    if not recording.operations or len(moments) < 2:
        return True
    return any(_acts(event) for event in recording.events[min(moments) : max(moments)] if event["event"] == "operation")


def _acts(operation: Event) -> bool:
    return operation["operation"] not in READS and not operation.get("text", "").startswith(FOLDS)


def _moves(recording: Recording, counter: str) -> bool:
    """Says whether a counter of this role, of whatever process or group, has two values in a recording."""
    _, key = counters.source_and_key(counter)
    alike = {
        name
        for sample in recording.samples.values()
        for source in sample["files"]
        if role(name := f"{source}:{key}") == role(counter)
    }
    values = {recording.counter(moment, name) for moment in recording.samples for name in alike}
    return len(values - {None}) > 1
