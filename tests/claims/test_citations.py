"""Citations of the kernel's source: read from texts as the catalogue writes them, held against a small tree."""

from __future__ import annotations

import re

import pytest

from harness import catalogue
from harness.claims.citations import Citation, citations, cited
from harness.claims.claim import CONFIRMED, Known

TREE = {
    "mm/vmscan.c": "static unsigned int shrink_folio_list(struct list_head *l)\n{ __remove_mapping(l); }\n",
    "Documentation/admin-guide/sysctl/vm.rst": "This is a non-destructive\noperation: drop_caches\n",
}
V6_12 = (("6.12", "6.13"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "mm/vmscan.c, shrink_folio_list: what is not dirty goes to __remove_mapping at once (v6.12)",
            [("mm/vmscan.c", "", V6_12), ("mm/vmscan.c", "shrink_folio_list", V6_12), ("mm/vmscan.c", "__remove_mapping", V6_12)],
        ),
        (
            "include/linux/mmzone.h, enum zone_type (v5.10 to v7.2): memory is in DMA32; mm/mmap.c, brk and do_brk_flags",
            [
                ("include/linux/mmzone.h", "", (("5.10", "7.3"),)),
                ("include/linux/mmzone.h", "zone_type", (("5.10", "7.3"),)),
                ("mm/mmap.c", "", ()),
                ("mm/mmap.c", "brk", ()),
                ("mm/mmap.c", "do_brk_flags", ()),
            ],
        ),
        (
            "mm/truncate.c, mapping_evict_folio (since v5.18), invalidate_inode_page (before v5.18): a dirty page is left alone",
            [
                ("mm/truncate.c", "", (("5.18", None),)),
                ("mm/truncate.c", "mapping_evict_folio", (("5.18", None),)),
                ("mm/truncate.c", "invalidate_inode_page", ((None, "5.18"),)),
            ],
        ),
        (
            "mm/vmscan.c, isolate_folios (mm/swap.c, folio_add_lru): it goes to lru_gen_add_folio (v6.1, v6.12)",
            [
                (file, name, (("6.1", "6.2"), ("6.12", "6.13")))
                for file, name in (
                    ("mm/vmscan.c", ""),
                    ("mm/vmscan.c", "isolate_folios"),
                    ("mm/swap.c", ""),
                    ("mm/swap.c", "folio_add_lru"),
                    ("mm/vmscan.c", "lru_gen_add_folio"),
                )
            ],
        ),
        (
            "mm/filemap.c, filemap_fault: a wait retries (arch/x86/mm/fault.c; v5.10)",
            [
                ("mm/filemap.c", "", (("5.10", "5.11"),)),
                ("mm/filemap.c", "filemap_fault", (("5.10", "5.11"),)),
                ("arch/x86/mm/fault.c", "", (("5.10", "5.11"),)),
            ],
        ),
        (
            "fs/proc/base.c, proc_oom_score until 9066e5cfb73c (v5.9); mallopt(3), M_TRIM_THRESHOLD; M_TOP_PAD of it stays",
            [("fs/proc/base.c", "", ()), ("fs/proc/base.c", "proc_oom_score", ())],
        ),
        (
            "Documentation/filesystems/tmpfs.rst, on what_it has: “a file stays” until it is removed",
            [
                ("Documentation/filesystems/tmpfs.rst", "", ()),
                ("Documentation/filesystems/tmpfs.rst", "what_it", ()),
                ("Documentation/filesystems/tmpfs.rst", "a file stays", ()),
            ],
        ),
        ("glibc malloc/malloc.c, _int_free: only the top of the heap is trimmed (2.36)", []),
        ("gperftools docs/tcmalloc.html, TCMALLOC_RELEASE_RATE; src/page_heap.cc, IncrementalScavenge", []),
        ("commit 51b8c1fe250d, “vfs: keep inodes with page cache off the inode shrinker LRU”", []),
        ("measured on 5.10, 6.1, 6.12 and 7.2, both lists: not one hot page was in swap", []),
    ],
)
def test_what_a_source_cites(text: str, expected: list[tuple[str, str, tuple[tuple[str | None, str | None], ...]]]) -> None:
    assert citations(text) == [Citation(*one) for one in expected]


def test_of_a_comment_only_what_is_listed_behind_a_file() -> None:
    text = "The first write takes the mark off (fs/dcache.c, DCACHE_REFERENCED; fs/inode.c: as its i_state says), sum_of_it"
    assert [(one.file, one.name) for one in citations(text, listed_only=True)] == [
        ("fs/dcache.c", ""),
        ("fs/dcache.c", "DCACHE_REFERENCED"),
        ("fs/inode.c", ""),
    ]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("mm/vmscan.c, shrink_folio_list: calls __remove_mapping", ["", "", ""]),
        ("mm/vmscan.c, shrink_page_list and remove_mapping", ["", "it has no shrink_page_list", "it has no remove_mapping"]),
        ("mm/gone.c, shrink_folio_list", ["there is no such file", "there is no such file"]),
        ("Documentation/admin-guide/sysctl/vm.rst, drop_caches: “a non-destructive operation”", ["", "", ""]),
        ("Documentation/admin-guide/sysctl/vm.rst: “to free pagecache”", ["", "it does not say “to free pagecache”"]),
    ],
)
def test_what_a_tree_lacks(text: str, missing: list[str]) -> None:
    assert [one.missing(TREE.get) for one in citations(text)] == missing


def test_which_kernels_a_citation_is_about() -> None:
    spans = {
        "(v6.12)": ["6.12"],
        "(v5.10, v6.12)": ["5.10", "6.12"],
        "(v5.10 to v6.12)": ["5.10", "6.1", "6.12"],
        "(since v6.1)": ["6.1", "6.12", "7.2"],
        "(before v6.12)": ["5.10", "6.1"],
        "": ["5.10", "6.1", "6.12", "7.2"],
    }
    for words, about in spans.items():
        (one,) = citations(f"mm/vmscan.c {words}")
        assert [series for series in ("5.10", "6.1", "6.12", "7.2") if one.about(series)] == about, words


MODULE = '''"""Words, as mm/oom_kill.c says."""
SOURCE = ("mm/vmscan.c, shrink_folio_list: it is not dirty, so it goes "
          "to __remove_mapping (v6.12)")
# Two lines of one comment (fs/dcache.c,
# DCACHE_REFERENCED).
'''


def test_where_an_experiment_cites() -> None:
    namespace: dict[str, str] = {}
    exec(MODULE, namespace)
    known = Known(CONFIRMED, namespace["SOURCE"], since="6.1")
    found = [(one.line, one.citation.file, one.citation.name, one.known) for one in cited(MODULE, [known])]
    assert found == [
        (2, "mm/vmscan.c", "", known),
        (2, "mm/vmscan.c", "shrink_folio_list", known),
        (3, "mm/vmscan.c", "__remove_mapping", known),
        (1, "mm/oom_kill.c", "", None),
        (4, "fs/dcache.c", "", None),
        (5, "fs/dcache.c", "DCACHE_REFERENCED", None),
    ]
    unlike = cited(MODULE, [known])[0]
    assert [series for series in ("5.10", "6.1", "6.12") if unlike.about(series)] == ["6.12"]


def test_every_known_answer_has_a_source_that_can_be_read() -> None:
    """A path that ends as the kernel's files do, and stands in the kernel's tree, is read as a citation of it."""
    for claim, experiment in catalogue.claims().values():
        for known in claim.known:
            assert known.source.strip(), claim.id
            found = {one.file for one in citations(known.source)}
            for word in known.source.split():
                path = word.strip("(),:;.“”")
                if path.startswith(("mm/", "fs/", "kernel/", "ipc/", "Documentation/")) and path.endswith((".c", ".rst")):
                    assert path in found, (experiment.name, claim.id, path)


def test_every_document_names_its_file_and_its_heading() -> None:
    """So that `invoke sources` finds both in the tree, or a reader the manual page."""
    for claim, _ in catalogue.claims().values():
        if claim.document:
            where = claim.document.where
            cited = citations(where)
            assert any(one.name for one in cited) or re.match(r"\w+\(\d\), ", where), where
