"""Which mutants there are of a file, by their names, and what each of them is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import experiment_files
from harness.bench.mutants import decoders, loading, reasons
from harness.bench.mutants.mutations import EXCHANGED, Keys, Mutant, digest_of, mutants, nearest
from harness.errors import UsageError
from tests.bench.mutants import small

KEYS: Keys = {"vmstat": {"pswpout", "pswpin", "pgpgout", "oom_kill"}, "meminfo": {"Cached", "HugePages_Free"}}


def made(source: str = small.SOURCE) -> dict[str, Mutant]:
    return {one.name: one for one in mutants("small", source, {"SIZE"}, KEYS)}


def test_every_mutant_of_a_file_has_a_name() -> None:
    assert list(made()) == [
        "left out: .fill() of probe.map(SIZE).fill()",
        "left out: .fill() of probe.map(SIZE).fill() (#2)",
        "left out: locked.lock()",
        "left out: written.write()",
        "left out: probe.map(SIZE).fill()",
        "left out: .fill() of probe.map(SIZE).fill() (#3)",
        "halved: SIZE in probe.map(SIZE)",
        "halved: SIZE in probe.map(SIZE) (#2)",
        "halved: SIZE in probe.map(SIZE) (#3)",
        "halved: SIZE in probe.map(SIZE) (#4)",
        "swapped: written, locked = (probe.map(SIZE).fill(), probe.map(SIZE).fill()) ↔ empty = fill(lab, probe)",
        "swapped: locked.lock() ↔ lab.sample('first')",
        "swapped: lab.sample('first') ↔ written.write()",
        "swapped: written.write() ↔ lab.sample('looked', pages={'written': written, 'locked': locked, 'empty': emp…",
        "exchanged: vmstat:pswpout → pswpin",
    ]


@pytest.mark.parametrize(
    ("name", "gone", "there"),
    [
        ("left out: locked.lock()", "locked.lock()", "written.write()"),
        ("left out: .fill() of probe.map(SIZE).fill()", "written, locked = (probe.map(SIZE).fill()", "(probe.map(SIZE), probe"),
        ("halved: SIZE in probe.map(SIZE) (#2)", "", "probe.map(SIZE // 2)"),
        ("swapped: lab.sample('first') ↔ written.write()", "", "written.write()\n    lab.sample('first')"),
        ("exchanged: vmstat:pswpout → pswpin", "vmstat:pswpout", "vmstat:pswpin"),
    ],
)
def test_what_a_mutant_is(name: str, gone: str, there: str) -> None:
    source = made()[name].source
    assert there in source
    assert not gone or gone not in source


def test_one_thing_is_broken_at_a_time() -> None:
    before = digest_of(small.SOURCE)
    assert len({one.digest for one in made().values()} | {before}) == len(made()) + 1
    assert list(made()) == list(made())  # the tree is whole again after each


def test_only_what_is_judged_alone_needs_no_guest() -> None:
    assert {one.kind for one in made().values() if one.judged} == {EXCHANGED}
    used = small.SOURCE.replace('"vmstat:pswpout"', "OUT").replace("SIZE, FLAGS", 'OUT = "vmstat:pswpout"\nSIZE, FLAGS')
    assert made(used)["exchanged: vmstat:pswpout → pswpin"].judged
    read = used.replace("    probe.end()", "    lab.counter(OUT)")
    assert not made(read)["exchanged: vmstat:pswpout → pswpin"].judged  # the procedure reads it too


def test_a_digest_is_of_the_code_alone() -> None:
    assert digest_of(small.SOURCE) == digest_of(small.SOURCE.replace("It is filled", "It is 'filled'") + "\n# a comment\n")
    assert digest_of(small.SOURCE) != digest_of(small.SOURCE.replace("8 * MIB", "9 * MIB"))


def test_the_nearest_counter_has_the_same_unit() -> None:
    assert nearest("vmstat", "pswpin", KEYS) == "pswpout"
    assert nearest("meminfo", "Cached", KEYS) is None  # the other is a count
    assert nearest("slabinfo", "dentry.active_objs", KEYS) is None


def test_a_smaller_sample_is_the_beginning_of_a_larger_one() -> None:
    found = list(made().values())
    order = loading.ordered(found)
    assert order != found
    assert loading.ordered(found[3:]) == [one for one in order if one in found[3:]]


def test_sizes_are_constants_of_the_file_itself(tmp_path: Path) -> None:
    assert set(loading.sizes_of(small.module(tmp_path))) == {"SIZE"}  # neither FLAGS nor MIB


def test_an_experiment_is_loaded_under_its_name_from_other_text(tmp_path: Path) -> None:
    module = small.module(tmp_path)
    experiment = loading.load(module, made()["exchanged: vmstat:pswpout → pswpin"].source)
    assert (experiment.name, experiment.question) == ("small", "Is memory that was written there?")
    assert "pswpin" in experiment.guards[0].quantity.name
    assert "pswpout" in module.EXPERIMENT.guards[0].quantity.name
    assert (tmp_path / "small.py").read_text() == small.SOURCE


def test_counters_come_from_the_published_noise(tmp_path: Path) -> None:
    keys = loading.counters_of("6.12")
    assert {"Cached", "Shmem"} <= set(keys["meminfo"])
    assert "anon" in keys["sandbox/memory.stat"]
    with pytest.raises(UsageError, match=r"invoke bench --noise --kernel 9\.9"):
        loading.counters_of("9.9")


def test_every_reason_is_for_a_mutant_that_there_is() -> None:
    """A reason must be taken out, or made to fit, with the code that it is about."""
    keys = loading.counters_of("6.12")
    existing = {(one.experiment, one.name) for module in experiment_files.built_in() for one in loading.mutants_of(module, keys)}
    existing |= {(reasons.of_decoder(one.decoder), one.how) for one in decoders.broken()}
    assert list(reasons.problems(reasons.read(), existing, (), ())) == []
