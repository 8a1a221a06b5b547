"""Names that are misspelt, as a trial shows: those of a claim that was skipped are not."""

from __future__ import annotations

from harness.claims import names
from harness.claims.claim import AtLeast, Besides, Claim, Exactly, Expect, Experiment, Premise
from harness.claims.quantities import Change
from harness.evidence.recording import Recording, Trial

CLAIM = Claim("small", "It grows.", "made up")


def grown(case: str) -> Change:
    return Change("meminfo:Cached", f"small.{case} before", f"small.{case} after")


def told(*events: dict[str, str]) -> str | None:
    """Says what is misspelt in an experiment of which the case that is asked about was not recorded."""
    samples = [
        {"event": "sample", "name": f"small.{case} {when}", "files": {"meminfo": "Cached: 4 kB\n"}}
        for case in ("true", "false")
        for when in ("before", "after")
    ]
    one = Expect(CLAIM, grown("asked"), AtLeast(1), Exactly(0), grown("true"), grown("false"))
    made = Experiment(
        lambda lab: None,
        (one,),
        premises=(Premise(CLAIM, grown("asked"), AtLeast(1), "it does not"),),
        besides=(Besides(CLAIM, grown("asked"), AtLeast(1), "It grew."),),
    )
    start = {"event": "start", "machine": {"page_size": 4096, "arch": "x86_64"}}
    return names.misspelt(made, Trial(1, {"": Recording([start, *samples, *events])}))


def test_a_name_that_is_nearly_there_is_misspelt() -> None:
    found = told()
    assert found is not None
    assert "“small.asked before”" in found


def test_what_a_skipped_claim_would_have_read_is_not() -> None:
    assert told({"event": "skip", "claim": "small", "reason": "the machine lacks it"}) is None
    assert told({"event": "skip", "claim": "another", "reason": "the machine lacks it"}) is not None
