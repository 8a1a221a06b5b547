"""Mappings of files: another signal, a byte that is lost, a page that is otherwise."""

import errno
import signal

from harness.false_evidence.made import Made, cases

BEYOND, SURVIVES, HOLE = "mmap-beyond-eof-sigbus", "mmap-truncate-private-survives", "munmap-hole-error"
TAIL, LATER, SNAPSHOT = "mmap-tail-write-kept", "mmap-private-sees-later-writes", "mmap-private-snapshot"
ALL, BYTES, BUS = 512, 64, signal.SIGBUS


def ended(found: dict[str, int]) -> Made:
    return Made(outcomes={case: {"ended": status or None} for case, status in found.items()})


def beyond(whole: int, last: int) -> Made:
    return ended({**cases(f"{BEYOND}.whole page", whole, BUS, 0), **cases(f"{BEYOND}.last page", last, 0, BUS)})


def records(claim: str, asked: int, most: int) -> Made:
    return Made(records=cases(claim, asked, most, 0))


CONFIRMS = {BEYOND: beyond(BUS, 0), SURVIVES: ended(cases(SURVIVES, 0, 0, BUS)), TAIL: records(TAIL, BYTES, BYTES),
            HOLE: Made(outcomes=cases(HOLE, errno.EINVAL, errno.EINVAL, 0)), LATER: records(LATER, ALL, ALL),
            SNAPSHOT: records(SNAPSHOT, ALL, ALL)}
REFUTES = {BEYOND: beyond(BUS, BUS), SURVIVES: ended(cases(SURVIVES, BUS, 0, BUS)), TAIL: records(TAIL, BYTES - 1, BYTES),
           HOLE: Made(outcomes=cases(HOLE, 0, errno.EINVAL, 0)), LATER: records(LATER, ALL - 1, ALL),
           SNAPSHOT: records(SNAPSHOT, ALL - 1, ALL)}
