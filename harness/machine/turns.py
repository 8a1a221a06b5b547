"""Who of the guests that wait may work next: what this host's slots hold to, and what a simulation of them does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# A guest that works without hardware virtualisation fills a processor, but for two fifths of the time it waits for Python
# (measured over the catalogue). Many more of them make every deadline worthless (measured on 2 processors: at load 20 a trial
# of 2 s took 60 s).
PER_PROCESSOR = 2
# The share of the processors that guests may fill beside quiet ones: the harness itself takes a sixth of what they take (measured
# over the catalogue: 95 s beside 540).
BESIDE = (5, 6)
# Before a quiet stretch processors run empty. So one that is asked for waits for others like it, as many as there are
# processors, but no longer than this on one processor, and on more of them less, since others work beside it there.
GATHERING = 60 * 10**9  # ns


@dataclass(frozen=True, order=True)
class Ticket:
    """A guest that works, or waits to.

    came: when its trial came first, in ns; since: when it asked for what it has or waits for. who: tells it from others.
    run: what it belongs to, of which `at_once` may work at once. quiet: with a processor for each guest.
    """

    came: int
    since: int
    who: str
    run: str
    at_once: int
    quiet: bool = False
    works: bool = False


def most(processors: int) -> int:
    """Says how many guests work at once, if none of them asks for quiet."""
    return PER_PROCESSOR * processors


def admitted(tickets: Iterable[Ticket], processors: int, now: int) -> list[Ticket]:
    """Lists those of the waiting that may work from now on.

    Of ordinary ones twice as many as processors work at once, of quiet ones as many as processors, and others beside quiet
    ones only where processors are left over. First come, first served: a guest that asks again, after a sleep say, came with
    its trial. Where enough quiet ones wait, or one has waited for long, no ordinary one begins.
    """
    everybody = sorted(tickets)
    working = [ticket for ticket in everybody if ticket.works]
    waiting = [ticket for ticket in everybody if not ticket.works]
    quiet = [ticket for ticket in waiting if ticket.quiet]
    reserved = len(quiet) if _is_their_turn(quiet, processors, now) else 0
    found = []
    for ticket in [*quiet, *(ticket for ticket in waiting if not ticket.quiet)]:
        if sum(other.run == ticket.run for other in working) < ticket.at_once and _fits(ticket, working, processors, reserved):
            working.append(ticket)
            found.append(ticket)
            reserved -= 1 if ticket.quiet and reserved else 0
    return found


def _is_their_turn(quiet: list[Ticket], processors: int, now: int) -> bool:
    return len(quiet) >= processors or any(now - ticket.since >= GATHERING // processors for ticket in quiet)


def _fits(ticket: Ticket, working: list[Ticket], processors: int, reserved: int) -> bool:
    quiet = sum(other.quiet for other in working)
    with_room = len(working) < processors * BESIDE[0] // BESIDE[1]
    if ticket.quiet:
        return with_room or (quiet == len(working) and quiet < processors)
    if quiet or reserved:
        return len(working) + reserved < processors * BESIDE[0] // BESIDE[1]
    return len(working) < most(processors)
