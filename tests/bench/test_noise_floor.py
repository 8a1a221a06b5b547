"""The sampler on a real guest: looking at memory changes none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import errors
from harness.bench import noise_floor
from harness.linux import counters
from harness.machine.kernels import find
from harness.verdicts import noise

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bench")
    assert noise_floor.run([find.by_name().series], noise_floor.BOOTS, directory) == errors.AS_KNOWN, (
        "the sampler disturbs memory"
    )
    return directory


def test_sampling_moves_no_memory(published: Path) -> None:
    """Of the machine, the sandbox and the probe, at guests of every boot, with a time series and without. Not of MemFree:
    the 8 pages of a reply come from the processor's own list, which takes a batch of 56 at a time when it is empty."""
    floor = noise_floor.measured(published)[0]
    assert floor["runs"] == floor["boots"] == noise_floor.BOOTS
    for name in (*noise_floor.UNDISTURBED, "probe/status:VmRSS", "probe/statm:resident"):
        source, key = counters.source_and_key(name)
        assert key in floor["still"][source], f"{name}: {floor['moving'].get(name)}"


def test_sampling_takes_no_slab(published: Path) -> None:
    """What a sample takes, each takes. Another task of the kernel may free or take a slab between two samples of a busy
    host, where seconds pass between them: in a few of the pairs, not in most."""
    floor = noise_floor.measured(published)[0]
    moved = floor["moving"].get("meminfo:Slab")
    assert moved is None or moved["nonzero"] <= moved["of"] // 3, moved


def test_what_is_published_is_what_cells_keep(published: Path) -> None:
    (floor,) = noise_floor.measured(published)
    kept = noise.published(floor["series"], published)
    assert kept is not None
    assert kept["counters"].keys() == floor["moving"].keys()
    assert all(isinstance(moved, int) and moved > 0 for moved in kept["counters"].values())
    assert noise.published("0.0", published) is None
    text = (published / "noise.md").read_text()
    assert all(name in text for name in floor["moving"])
