"""invoke sources: what it prints and how it exits, over small trees of source."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection
from pathlib import Path

import pytest

from harness.claims.citations import cited
from harness.claims.claim import CONFIRMED, Known
from harness.cli.sources import missing
from harness.errors import Unavailable
from harness.machine.kernels import archive, sources
from harness.machine.kernels.archive import Package
from harness.machine.kernels.sources import Source

ANSWER = "mm/shmem.c, shmem_writepage: it goes to swap; mm/vmscan.c, shrink_folio_list"


def kept(cache: Path, version: str, files: dict[str, str], folders: Collection[str] = ("mm",)) -> Source:
    file = cache / "sources" / f"linux_{version}.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as packed:
        packed.comment = "\n".join(folders).encode()
        for path, text in files.items():
            packed.writestr(path, text)
    return Source(version, file)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    return tmp_path


def test_a_line_names_place_citation_and_version_and_where_it_is_now(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cache)
    tree = kept(cache, "7.2.13-1", {"mm/shmem.c": "", "mm/swap.c": "shmem_writepage()", "mm/vmscan.c": "shrink_folio_list()"})
    module = f'KNOWN = "{ANSWER}"\n'
    lines = list(missing(cache / "one.py", cited(module, [Known(CONFIRMED, ANSWER)]), tree))
    assert lines == ["one.py:1: mm/shmem.c: it has no shmem_writepage in 7.2.13-1; it stands in mm/swap.c"]
    assert not list(missing(cache / "one.py", cited(module, [Known(CONFIRMED, ANSWER, until="7.2")]), tree))


def test_what_is_kept_serves_the_newest_of_a_series_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "packages", lambda **_: pytest.fail("it asks the archive"))
    for version in ("6.12.9-1", "6.12.117-1", "6.1.192-2"):
        kept(cache, version, {"mm/shmem.c": version})
    assert sources.source("6.12", ["mm"]).read("mm/shmem.c") == "6.12.117-1"
    assert sources.source("6.12.9", ["mm"]).version == "6.12.9-1"
    assert sources.source("6.1", ["mm"]).series == "6.1"
    assert sources.source("6.1", ["mm"]).read("mm/gone.c") is None


def test_what_the_archive_lists_but_has_no_more(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [Package("linux-source-6.12", "6.12.9-1", "sid", f"file:{cache}/gone.deb", "0" * 64, 10**6)]
    monkeypatch.setattr(archive, "packages", lambda **_: listed)
    with pytest.raises(Unavailable, match=re.escape("the source of 6.12: ")):
        sources.source("6.12", ["mm"])
    with pytest.raises(Unavailable, match="no suite of the archive has its package"):
        sources.source("6.13", ["mm"])
    assert not list((cache / "sources").iterdir())
