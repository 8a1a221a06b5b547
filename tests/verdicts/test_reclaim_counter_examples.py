"""Evidence on which earlier checks of reclaim said what is not so: readings of real guests that show another fact."""

from __future__ import annotations

from pathlib import Path

from harness import catalogue
from harness.claims.claim import CONFIRMED, REFUTED, UNDECIDED
from harness.false_evidence.check import verdict_on
from harness.false_evidence.made import Made
from tests.refuting import active_first, dirty_pages, drop_slab, freed_per_run, isolation_batch, kswapd_watermarks
from tests.refuting.kswapd_watermarks import asleep, awake, hopeless, woken


def verdict(tmp_path: Path, claim: str, made: Made) -> str:
    found, experiment = catalogue.claims()[claim]
    return verdict_on(tmp_path / "run", found, experiment, [made] * experiment.trials)[0]


def test_kswapd_that_has_given_up_says_nothing_of_its_mark(tmp_path: Path) -> None:
    """All sleeps in a shortage were above the mark; the ones below, which refuted the claim, came after 16 vain runs."""
    made = kswapd_watermarks.GOOD.but(records={"shortage": (woken(0) + awake() + asleep(0)) * 10 + hopeless() * 6})
    assert verdict(tmp_path, "kswapd-sleeps-at-high", made) == CONFIRMED


def test_a_wake_with_only_the_atomic_reserve_to_spare(tmp_path: Path) -> None:
    """What is kept for atomic requests is free to nobody else: it was counted as 512 pages to spare."""
    made = kswapd_watermarks.GOOD.but(records={"nothing to free": hopeless().replace(woken(0), woken(0, atomic=512))})
    assert verdict(tmp_path, "kswapd-wakes-below-low", made) == CONFIRMED


def test_memory_tiering_wakes_at_the_high_mark(tmp_path: Path) -> None:
    made = kswapd_watermarks.GOOD.but(records={"memory tiering": 1, "nothing to free": hopeless(woken_over=400)})
    assert verdict(tmp_path, "kswapd-wakes-below-low", made) == UNDECIDED


def test_what_a_step_is_allowed_to_look_at_is_not_what_it_takes(tmp_path: Path) -> None:
    """MGLRU prints MAX_LRU_BATCH, 4,096 pages, as asked for, whatever it takes."""
    made = isolation_batch.GOOD.but(records={"squeeze": isolation_batch.trace(*[32] * 20, requested=4096)})
    assert verdict(tmp_path, "reclaim-batch-32", made) == CONFIRMED
    made = isolation_batch.GOOD.but(records={"squeeze": isolation_batch.trace(*[64] * 20, requested=32)})
    assert verdict(tmp_path / "other", "reclaim-batch-32", made) == REFUTED


def test_pages_that_were_active_and_go_to_older_generations(tmp_path: Path) -> None:
    """MGLRU never counts pgdeactivate while active_file falls from 8,192 pages to nothing: that refuted the claim."""
    made = active_first.GOOD.but(counters={"after": {**active_first.after(4096), "vmstat:pgdeactivate": 0}})
    assert verdict(tmp_path, "reclaim-deactivates", made) == CONFIRMED


def test_a_share_is_not_most(tmp_path: Path) -> None:
    """5 to 13 % of the dirty pages were written by kswapd: one was enough."""
    made = dirty_pages.made(2662)
    assert verdict(tmp_path, "dirty-written-by-reclaim", made) == REFUTED
    assert verdict(tmp_path / "other", "kswapd-may-write-dirty-pages", made) == CONFIRMED


def test_a_refusal_is_no_write(tmp_path: Path) -> None:
    """nr_vmscan_write rose by 113,821 for 20,480 pages of a new file, of which reclaim wrote none."""
    made = Made(
        arms={
            "written over": dirty_pages.arm(0, 0, 12_000, refused=113_821),
            "new": dirty_pages.arm(0, 0, 12_000, refused=113_821, new=True),
        }
    )
    assert verdict(tmp_path, "dirty-written-by-reclaim", made) == REFUTED
    assert verdict(tmp_path / "other", "kswapd-may-write-dirty-pages", made) == REFUTED


def test_what_drop_caches_frees_is_no_run_of_reclaim(tmp_path: Path) -> None:
    """Cached may fall by 16,384 pages beside it: the references are runs of reclaim."""
    made = freed_per_run.GOOD.but(records={"squeezed": ""}, counters={"before": {"meminfo:Cached": 70_000}})
    assert verdict(tmp_path, "direct-reclaim-frees-more", made) == UNDECIDED


def test_dentries_that_other_lookups_would_hide(tmp_path: Path) -> None:
    """65 dentries of the files' own were left, and 49 others had gone with 16 to spare: the sums said that all were gone."""
    made = drop_slab.GOOD.but(
        records={
            "2 written": drop_slab.read_anew(drop_slab.FILES - 65, drop_slab.FILES),
            "dentries before": 649,
            "dentries dropped 2": 665,
        }
    )
    assert verdict(tmp_path, "drop2-frees-dentries-inodes", made) == REFUTED
