"""Evidence → verdicts. Pure: no machine, no root; the same evidence and bounds give the same verdicts for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.claims import unread
from harness.claims.claim import (
    CONFIRMED,
    DECIDED,
    FALSE,
    RATE,
    REFUTED,
    SKIPPED,
    TRUE,
    UNDECIDED,
    Besides,
    Claim,
    Expect,
    Experiment,
    Guard,
    Premise,
)
from harness.claims.limits import Limits, resolve, show
from harness.claims.quantities import Quantity
from harness.claims.rates import Rate, declared
from harness.evidence.floor import UNKNOWN, Floor
from harness.evidence.recording import Number, Trial
from harness.evidence.schema import QuantityRow, ReferenceRow
from harness.linux import counters
from harness.verdicts import noise
from harness.verdicts.pooled import pooled, total
from harness.verdicts.reading import Reading
from harness.verdicts.wording import beside, common, count, sentence


@dataclass
class Verdict:
    """One row of verdicts.json: a claim under one setting. `readings`: a list a trial for each expectation."""

    claim: Claim
    experiment: Experiment
    verdict: str
    why: str
    trials: int = 0
    valid: int = 0
    boots: int = 0
    readings: list[tuple[Expect, list[Reading]]] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    besides: list[str] = field(default_factory=list)

    def quantities(self) -> list[QuantityRow]:
        rows: list[QuantityRow] = []
        for expect, readings in self.readings:
            row: QuantityRow = {
                "name": expect.quantity.name,
                "unit": expect.quantity.unit,
                "if_true": common(str(reading.if_true) for reading in readings),
                "if_false": common(str(reading.if_false) for reading in readings),
                "values": [reading.value for reading in readings],
            }
            if rate := pooled(readings):
                low, high = rate.interval
                row["rate"] = {"count": rate.count, "events": rate.events, "low": round(low, 4), "high": round(high, 4)}
            rows.append(row)
        return rows

    def references(self) -> list[ReferenceRow]:
        rows: list[ReferenceRow] = []
        for expect, readings in self.readings:
            rows.append({"name": expect.reads_true.name, "must": TRUE, "values": [r.reads_true for r in readings]})
            rows.append({"name": expect.reads_false.name, "must": FALSE, "values": [r.reads_false for r in readings]})
        return rows


# Bounds of a run, as verdicts of it are judged again with `--as-recorded`: (claim, quantity) → ranges.
Recorded = Mapping[tuple[str, str], tuple[Limits, Limits]]


def read(expect: Expect, trial: Trial, recorded: Recorded | None = None, floor: Floor = UNKNOWN) -> Reading:
    """Judges one expectation in one trial."""
    value, true, false = (quantity.read(trial) for quantity in (expect.quantity, expect.reads_true, expect.reads_false))
    ranges = (recorded or {}).get((expect.claim.id, expect.quantity.name))
    if_true, if_false = ranges or (resolve(expect.if_true, trial), resolve(expect.if_false, trial))

    def reading(outcome: str | None, why: str) -> Reading:
        return Reading(value, true, false, if_true, if_false, outcome, why)

    if if_true is None or if_false is None:
        ends = [bound for one in (expect.if_true, expect.if_false) for bound in (one.low, one.high)]
        why = next((f": {said}" for bound in ends if isinstance(bound, Quantity) and (said := unread.why(bound, trial))), "")
        return reading(None, f"a bound of “{expect.quantity.name}” is not in the evidence{why}")
    if if_true.overlaps(if_false):
        return reading(None, f"the ranges {if_true} and {if_false} overlap")
    margin, (noisiest, moved) = if_true.distance(if_false), noise.of_expect(expect, trial, floor)
    if moved and moved >= margin:
        return reading(
            None,
            f"“{noisiest}” moves by up to {show(moved)} with nothing going on: no less than the margin "
            f"between {if_true} and {if_false} ({show(margin)})",
        )
    return reading(*_follows(expect, value, true, false, if_true, if_false, [trial]))


def _follows(
    expect: Expect,
    value: Number | None,
    true: Number | None,
    false: Number | None,
    if_true: Limits,
    if_false: Limits,
    trials: Sequence[Trial],
) -> tuple[str | None, str]:
    """Says what follows from a value and its two references: "true", "false", or None with the reason."""

    def said(value: Number) -> str:
        return show(value) if if_true.events is None else count(Rate(int(value), if_true.events), expect.quantity.unit)

    for quantity, what, must in ((expect.reads_true, true, if_true), (expect.reads_false, false, if_false)):
        if what is None:
            return None, f"the reference {unread_of(quantity, trials)}"
        if not must.holds(what):
            found = "nothing" if value is None else said(value)
            return None, (
                f"the reference “{quantity.name}” read {said(what)} where it must read {must}"
                f" (“{expect.quantity.name}” read {found})"
            )
    if value is None:
        return None, unread_of(expect.quantity, trials)
    if if_true.holds(value):
        return TRUE, ""
    if if_false.holds(value):
        return FALSE, ""
    return None, f"“{expect.quantity.name}” read {said(value)}, in neither {if_true} nor {if_false}"


def read_events(expect: Expect, trials: Sequence[Trial], planned: int, recorded: Recorded | None = None) -> list[Reading]:
    """Judges one expectation of a rate: the events of all trials together, and the same follows in each of them."""
    quantities = (expect.quantity, expect.reads_true, expect.reads_false)
    counts = [tuple(quantity.read(trial) for quantity in quantities) for trial in trials]
    a_trial, *ranges = declared(expect)
    events = max(planned, len(trials)) * a_trial
    kept = (recorded or {}).get((expect.claim.id, expect.quantity.name))
    if_true, if_false = (replace(one, events=events) for one in kept or [Limits(*bounds.ends(events)) for bounds in ranges])
    value, true, false = (total([each[index] for each in counts]) for index in range(len(quantities)))
    outcome, why = _follows(expect, value, true, false, if_true, if_false, trials)
    return [Reading(one, yes, no, if_true, if_false, outcome, why) for one, yes, no in counts]


def _why_unread(quantity: Quantity, trial: Trial) -> str:
    """Says which counters of a quantity are no numbers in the files that have them, by reading it again."""
    for recording in trial.arms.values():
        recording.unread.clear()
    quantity.read(trial)
    found = {counter: text for recording in trial.arms.values() for counter, text in recording.unread.items()}
    reasons = {counter: counters.why_unread(counters.source_and_key(counter)[1], text) for counter, text in found.items()}
    said = [f"{counter}: {why}" for counter, why in reasons.items() if why != "it is not there"]
    return f" ({'; '.join(said)})" if said else ""


def unread_of(quantity: Quantity, trials: Sequence[Trial]) -> str:
    """Says that a quantity was not read, what the first trial that lacks it is missing, and which probes that trial lost, in
    case that is why."""
    trial = next((one for one in trials if quantity.read(one) is None), None)
    said = [unread.why(quantity, trial) + _why_unread(quantity, trial), unread.killed(trial)] if trial else []
    return f"“{quantity.name}” was not read: {'; '.join(filter(None, said))}".removesuffix(": ")


def holds(condition: Guard | Premise | Besides, trial: Trial) -> bool | None:
    """Says whether a condition holds in a trial, None where it was not read."""
    value, limits = condition.quantity.read(trial), resolve(condition.holds, trial)
    return None if value is None or limits is None else limits.holds(value)


def guarded(guards: Sequence[Guard], trial: Trial) -> str | None:
    """Says why a trial says nothing, None if every guard holds."""
    return next((f"trial {trial.number}: {why}" for guard in guards if (why := _missed(guard, trial))), None)


def _missed(condition: Guard | Premise, trial: Trial) -> str | None:
    """Says how a trial misses a condition, None if it holds there."""
    value, limits = condition.quantity.read(trial), resolve(condition.holds, trial)
    if value is None or limits is None:
        return f"the {type(condition).__name__.lower()} {unread_of(condition.quantity, [trial])}"
    if limits.holds(value):
        return None
    return f"{condition.quantity.name} was {show(value)}, must be {limits}" + (f" ({condition.why})" if condition.why else "")


def _ended(trial: Trial) -> tuple[str, str]:
    """Says how a trial ended, its worst arm: status and reason."""
    ends = [recording.end for recording in trial.arms.values()]
    worst = min(ends, key=lambda end: (end["status"] in {"skipped", "ok"}, end["status"] == "ok"))
    return worst["status"], worst["reason"]


def judge(
    experiment: Experiment,
    trials: Sequence[Trial],
    recorded: Recorded | None = None,
    planned: int | None = None,
    floor: Floor = UNKNOWN,
) -> list[Verdict]:
    """Gives a verdict for each of the experiment's claims. Trials that broke are none of them: they are errors.

    planned: how many trials were fixed beforehand (default: the experiment's own number). floor: the kernel's noise.
    """
    planned = planned or experiment.trials
    # What the machine lacks is found in the first arm that needs it: the others are not run then.
    whole = [
        trial
        for trial in trials
        if _ended(trial)[0] == "skipped" or (_ended(trial)[0] != "broken" and set(trial.arms) == set(experiment.arms))
    ]
    skipped = [_ended(trial)[1] for trial in whole if _ended(trial)[0] == "skipped"]
    if whole and len(skipped) == len(whole):
        return [Verdict(claim, experiment, SKIPPED, skipped[0], trials=len(whole)) for claim in experiment.claims]
    failed = [why for trial in whole if (why := guarded(experiment.guards, trial))]
    valid = [trial for trial in whole if guarded(experiment.guards, trial) is None and _ended(trial)[0] == "ok"]
    boots = {recording.start["machine"]["boot"] for trial in whole for recording in trial.arms.values() if recording.start}
    return [_judge_claim(claim, experiment, planned, valid, len(boots), failed, recorded, floor) for claim in experiment.claims]


def _judge_claim(
    claim: Claim,
    experiment: Experiment,
    planned: int,
    valid: list[Trial],
    boots: int,
    failed: list[str],
    recorded: Recorded | None,
    floor: Floor,
) -> Verdict:
    enough = len(valid) >= max(planned, 1)  # of no trial at all anything is true
    premises = [premise for premise in experiment.premises if premise.claim == claim]
    for premise in premises:
        if enough and all(holds(premise, trial) is False for trial in valid):
            return Verdict(claim, experiment, SKIPPED, premise.why, planned, len(valid), boots, guards=failed)
    lacks = [why for trial in valid for one in trial.arms.values() if (why := one.skipped.get(claim.id))]
    if enough and all(any(claim.id in one.skipped for one in trial.arms.values()) for trial in valid):
        return Verdict(claim, experiment, SKIPPED, lacks[0], planned, len(valid), boots, guards=failed)
    expects = [expect for expect in experiment.expects if expect.claim == claim]
    readings = [(expect, _read_trials(expect, valid, planned, recorded, floor)) for expect in expects]
    outcomes = [
        _of_trial([_missed(premise, trial) for premise in premises], [of_expect[index] for _, of_expect in readings])
        for index, trial in enumerate(valid)
    ]
    verdict, why = _combine(outcomes, valid, planned, failed, claim.kind)
    besides: list[str] = []
    if verdict in DECIDED:
        page_size = next(iter(valid[0].arms.values())).page_size
        why = sentence(readings, verdict, page_size)
        besides = [said for one in experiment.besides if one.claim == claim and (said := _besides(one, valid, page_size))]
    return Verdict(claim, experiment, verdict, why, planned, len(valid), boots, readings, failed, besides)


def _besides(one: Besides, valid: Sequence[Trial], page_size: int) -> str:
    """Says what else is to be known, "" where it was not so in every trial."""
    if any(holds(one, trial) is not True for trial in valid):
        return ""
    return beside(one.says, [one.quantity.read(trial) for trial in valid], page_size)


def _read_trials(expect: Expect, trials: list[Trial], planned: int, recorded: Recorded | None, floor: Floor) -> list[Reading]:
    if expect.claim.kind == RATE:
        return read_events(expect, trials, planned, recorded)
    return [read(expect, trial, recorded, floor) for trial in trials]


def _of_trial(missed: Sequence[str | None], readings: Sequence[Reading]) -> tuple[str | None, str]:
    """Judges a claim in one trial: refuted by one expectation, confirmed by all of them, else the first reason why not.

    A premise that is missed, or an expectation that can't be judged, leaves the claim open, however clear another one is.
    """
    for why in filter(None, missed):
        return None, why
    for reading in readings:
        if reading.outcome is None:
            return None, reading.why
    return (FALSE if any(reading.outcome == FALSE for reading in readings) else TRUE), ""


def of_one_boot(trials: Sequence[Trial]) -> str:
    """Says which two trials stem from one boot of a guest's kernel, "" where each has a boot of its own: clones of one boot
    share its layout and its free lists, they are copies and no repeats. All trials on a host share the host's."""
    first: dict[str, int] = {}
    for trial in trials:
        for machine in (recording.start["machine"] for recording in trial.arms.values() if recording.start):
            other = first.setdefault(machine["boot"], trial.number)
            if other != trial.number and machine["name"] == "vm":
                return f"trials {other} and {trial.number} stem from one boot ({machine['boot']}): copies are no repeats"
    return ""


def _combine(
    outcomes: list[tuple[str | None, str]], valid: list[Trial], planned: int, failed: list[str], kind: str
) -> tuple[str, str]:
    if len(valid) < planned or not valid:
        return UNDECIDED, f"{len(valid)} of {planned} trials are valid: {'; '.join(failed) or 'the others are missing'}"
    if copies := of_one_boot(valid):
        return UNDECIDED, copies
    for trial, (outcome, why) in zip(valid, outcomes, strict=True):
        if outcome is None:
            return UNDECIDED, why if kind == RATE else f"trial {trial.number}: {why}"
    found = [outcome for outcome, _ in outcomes]
    if len(set(found)) > 1:
        said = ", ".join(f"trial {trial.number} {outcome}" for trial, outcome in zip(valid, found, strict=True))
        return UNDECIDED, f"the trials disagree: {said}"
    return (CONFIRMED if found[0] == TRUE else REFUTED), ""
