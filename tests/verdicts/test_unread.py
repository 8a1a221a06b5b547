"""What an undecided verdict says of what was not read, and of who was killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims.address_space import Smaps
from harness.claims.claim import UNDECIDED, Claim, Exactly, Expect, Experiment
from harness.claims.counter_file import CounterFile
from harness.claims.outcomes import Errno, Faults, Result, Signal
from harness.claims.quantities import Change, Counter, Pages, Quantity, Recorded
from harness.evidence import run_directory
from harness.evidence.floor import UNKNOWN
from harness.evidence.recording import Trial, read_trials
from harness.false_evidence.made import Made, write_run
from harness.verdicts import judge

OWN = CounterFile("own", "/proc/own", "KiB", noise=8)
GOOD = Made(
    counters={"before": {"meminfo:Shmem": 40, "box/memory.stat:anon": 4096}, "after": {"meminfo:Shmem": 80}},
    texts={"before": {"own": "first 8\nsecond 12\n", "box/memory.max": "max\n"}, "after": {"own": "first 16\nsecond 12\n"}},
    pages={"after": {"file": 10}},
    records={"one": 1, "zero": 0, "errors": 3},
    outcomes={"done": 0, "refused": 12, "died": {"ended": 9}, "mapped": {"value": 7}},
    smaps={"after": {"region": {"Rss": 16, "Pss": 8}}},
)


def experiment(quantity: Quantity) -> Experiment:
    expect = Expect(Claim("made", "Made.", "made up"), quantity, Exactly(1), Exactly(0), Recorded("one"), Recorded("zero"))
    return Experiment(lambda lab: None, (expect,), name="made", question="Made?", trials=1)


def trials(directory: Path, made: Made = GOOD) -> list[Trial]:
    run = write_run(directory, experiment(Recorded("value")), [made], {})
    return read_trials(run_directory.cell_directory(run, "made"))


@pytest.mark.parametrize(
    ("quantity", "says"),
    [
        (Counter("meminfo:Shmem", "befor"), "there is no sample “befor”, but “before”"),
        (Change("meminfo:Shmen", "before", "after"), "at “before” “meminfo” has no number: there is no key “Shmen”, but “Shmem”"),
        (Counter("box/memory.stat:anon", "before") + Counter("bos/memory.stat:anon", "before"), "but “box/memory.stat”"),
        (Counter("box/memory.max", "before"), "box/memory.max: it reads 'max'"),
        (abs(Pages("after", "flie")).called("x"), "at “after” there is no range or file “flie”, but “file”"),
        (Pages("after", "file", "dirty"), "mincore of “file” does not tell “dirty”"),
        (Recorded("error"), "there is no record “error”, but “errors”"),
        (Errno("refuse"), "there is no operation that was tried as “refuse”, but “refused”"),
        (replace(OWN, noise=0).at("befor", "first"), "there is no sample “befor”, but “before”"),
        (Counter("meminfo:Shmem", "before", arm="swap"), "there is no arm “swap”"),
    ],
    ids=lambda value: "" if isinstance(value, Quantity) else value,
)
def test_what_is_missing_is_named(tmp_path: Path, quantity: Quantity, says: str) -> None:
    (found,) = judge.judge(experiment(quantity), trials(tmp_path / "run"))
    assert found.verdict == UNDECIDED
    assert "was not read" in found.why
    assert says in found.why


def test_a_probe_that_was_killed_is_named(tmp_path: Path) -> None:
    killed = GOOD.but(outcomes={"a fill": {"ended": 9, "outcome": "", "operation": "fill"}})
    found = trials(tmp_path / "run", killed)
    for event in found[0].any.operations:
        if not event["outcome"]:
            del event["outcome"]  # one that nobody tried under a name
    (verdict,) = judge.judge(experiment(Recorded("two")), found)
    assert "probe “probe” was killed by signal 9 during fill" in verdict.why
    (verdict,) = judge.judge(experiment(Recorded("two")), trials(tmp_path / "calm"))
    assert "killed" not in verdict.why


def test_outcomes_and_files_of_ones_own(tmp_path: Path) -> None:
    (trial,) = trials(tmp_path / "run")
    quantities = (Errno("done"), Errno("refused"), Errno("died"), Signal("refused"), Signal("died"), Result("mapped"))
    assert [quantity.read(trial) for quantity in quantities] == [0, 12, -9, 0, 9, 7]
    assert Result("refused").read(trial) is None
    (other,) = trials(tmp_path / "other", GOOD.but(outcomes={"died": {"ended": -1}}))
    assert [quantity.read(other) for quantity in (Errno("died"), Signal("died"))] == [None, None]  # nobody was told by what
    assert Faults("done").read(trial) == Faults("done", major=True).read(trial) == 0
    assert [Smaps("after", "region", key).read(trial) for key in ("Rss", "Pss", "Swap")] == [4, 2, None]
    grown = OWN.change("before", "after", "first")
    assert (OWN.at("before", "second").read(trial), grown.read(trial), grown.unit) == (3, 2, "pages")
    assert grown.noise(trial, UNKNOWN) == 2


def test_noise_of_a_file_of_ones_own_is_also_the_trials(tmp_path: Path) -> None:
    (trial,) = trials(tmp_path / "run", GOOD.but(idle={"own:first": 40}))
    assert OWN.at("after", "first").noise(trial, UNKNOWN) == 10
    assert OWN.at("after", "second").noise(trial, UNKNOWN) == 2
