"""Settings as axes: which cells a --set and an --append make, and what they take from an experiment."""

from __future__ import annotations

import pytest

from harness import catalogue
from harness.claims.claim import Experiment
from harness.linux.sizes import KIB, MIB
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.reports.comparison import rows
from harness.run.cell import Cell, cells, describe
from harness.run.options import RunOptions
from tests.commands import invoke


def cells_of(name: str, *append: str, **sets: tuple[str, ...]) -> list[Cell]:
    return cells(experiment(name), find.by_name("6.12"), RunOptions(trials=1, sets=sets, append=append), "tcg")


def experiment(name: str) -> Experiment:
    return catalogue.find(name)[0]


def test_every_combination_is_a_cell() -> None:
    made = cells_of(
        "anon-swapped",
        "nosmp",
        "",
        lru=("classic", "mglru"),
        thp=("always", "madvise", "never"),
        memory=("512", "1024"),
        cpus=("2",),
        swappiness=("10",),
    )
    assert len(made) == len({cell.name for cell in made}) == 2 * 2 * 3 * 2
    assert {(cell.settings.lru, cell.settings.thp, cell.shape.memory >> 20, cell.append) for cell in made} == {
        (lru, thp, memory, append)
        for lru in ("classic", "mglru")
        for thp in ("always", "madvise", "never")
        for memory in (512, 1024)
        for append in ("nosmp", "")
    }
    assert {(cell.shape.cpus, cell.settings.swappiness) for cell in made} == {(2, "10")}
    assert all("append" in dict(cell.axis) for cell in made)
    for cell in made:
        assert cell.shape.kernel_arguments(cell.architecture.board, True, "tcg").endswith(
            f"transparent_hugepage={cell.settings.thp} nosmp".removesuffix("" if cell.append else " nosmp")
        )


def test_a_kernel_with_larger_pages_gets_what_it_takes_more_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = cells_of("page-size", memory=("256",))
    small, asked = cell.shape.memory, describe(cell)["sets"]["memory"]
    monkeypatch.setattr(Kernel, "page_size", property(lambda _: 16 * KIB))
    (cell,) = cells_of("page-size", memory=("256",))
    assert (small, cell.shape.memory) == (256 * MIB, (256 + 64) * MIB)
    assert asked == describe(cell)["sets"]["memory"] == 256 * MIB


def test_one_of_arguments_is_no_axis() -> None:
    (cell,) = cells_of("page-size", "slub_debug=P panic_on_warn=1")
    assert cell.axis == ()
    assert "slub_debug=P panic_on_warn=1" in cell.shape.append


def test_any_arguments_make_a_name_of_a_directory() -> None:
    names = [cell.name for cell in cells_of("page-size", "a=/b c", "", "nosmp")]
    assert len(set(names)) == 3
    assert not any(set("/ ") & set(name) for name in names)
    assert "page-size@append=nosmp@6.12" in names[2]


def test_rows_with_and_without_arguments_are_told_apart() -> None:
    plain = {"claim": "page-is-4k", "kernel": "6.12.1", "settings": {"thp": "never"}}
    other = {**plain, "settings": {"thp": "never", "append": "nosmp"}}
    assert rows.axes([plain, other])["page-is-4k"] == ("append",)
    assert rows.axes([plain])["page-is-4k"] == ()


def shuffled(lru: str, swappiness: str, kernel: str = "6.12.1") -> dict[str, object]:
    settings = {"lru": lru, "swappiness": swappiness}
    return {"claim": "swappiness-higher-swaps-more", "kernel": kernel, "settings": settings}


def test_what_the_procedure_writes_tells_rows_apart_only_if_nothing_else_does() -> None:
    one = [shuffled("classic", "100"), shuffled("mglru", "0")]
    other = [shuffled("classic", "60", "7.2.1"), shuffled("mglru", "200", "7.2.1")]
    assert rows.axes(one, other)["swappiness-higher-swaps-more"] == ("lru",)
    asked = [shuffled("classic", "10"), shuffled("classic", "60")]
    assert rows.axes(asked)["swappiness-higher-swaps-more"] == ("lru", "swappiness")


@pytest.mark.parametrize(
    ("name", "sets", "own"),
    [
        ("swappiness-zero-never", {"swappiness": ("60",)}, {"swappiness": "0"}),
        ("swappiness-zero-never", {"swappiness": ("0",)}, {}),
        ("swappiness-range", {"swappiness": ("60",)}, {"swappiness": "the kernel's own"}),
        ("swappiness-more", {"swappiness": ("60",)}, {"swappiness": "values that its procedure writes"}),
        ("page-size", {"swappiness": ("10", "60"), "memory": ("512",)}, {}),
        ("anon-swapped", {"lru": ("classic",)}, {}),
    ],
)
def test_what_is_overridden(name: str, sets: dict[str, tuple[str, ...]], own: dict[str, str]) -> None:
    assert experiment(name).overridden(sets) == own


def test_a_cell_records_what_is_overridden() -> None:
    assert describe(cells_of("swappiness-zero-never", swappiness=("60",))[0])["overridden"] == {"swappiness": "0"}
    assert describe(cells_of("swappiness-zero-never")[0])["overridden"] == {}
    assert describe(cells_of("swappiness-more", swappiness=("10",))[0])["overridden"] == {
        "swappiness": "values that its procedure writes"
    }
    assert describe(cells_of("swappiness-more")[0])["overridden"] == {}


def test_the_user_is_told(tmp_path: object) -> None:
    """Said before anything runs; --kernel stops it there."""
    said = invoke("run-experiment", "swappiness-zero-never", "--set", "swappiness=60", "--kernel", "9.99").stderr
    assert "--set swappiness=60" in said
    assert "swappiness-zero-never (0)" in said
