"""Which calls give memory back at once: MADV_DONTNEED, MADV_FREE, MADV_REMOVE, munmap, mprotect?

Each case fills 16 MiB, private or shared, samples the counters, makes the call, and samples them again. What fell is counted in
Shmem of the machine, in VmRSS of the process, or in the page frames that its group is charged for. A call that says nothing
(MADV_NORMAL), and one that is known to give memory back, show how the answers read.
"""

from collections.abc import Callable

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Counter, Disk, Exactly, Known, Needs, Premise,
    Quantity, Small, Smaps, pages, table,
)
from harness.lab import DONTNEED, FREE, NO_ACCESS, NORMAL, REMOVE, Lab, Region, frames
from harness.lab.helpers.charges import charged
from harness.lab.helpers.resident import OFF

SIZE, PARTS = 16 * MIB, 2
FREED_BY_FREE = ("mm/madvise.c, madvise_free_pte_range (v5.10 to v7.2): it clears the dirty bits and moves the pages to "
                 "another list")

SHMEM = Claim(
    "madv-dontneed-shmem-frees", "MADV_DONTNEED of shared memory gives the memory back.", MAPPINGS,
    known=(Known(REFUTED, "mm/memory.c, zap_pte_range (v5.10 to v7.2) takes the pages out of the caller's tables; those of shmem "
                          "stay in its page cache"),),
    instead="Give shared memory back with MADV_REMOVE, fallocate(FALLOC_FL_PUNCH_HOLE) or ftruncate(): after MADV_DONTNEED "
            "only RssShmem is smaller, Shmem is not.")
RSS = Claim(
    "madv-free-drops-rss", "MADV_FREE makes RSS fall at once.", MAPPINGS, known=(Known(REFUTED, FREED_BY_FREE),),
    instead="Read LazyFree in smaps beside Rss: what was given to MADV_FREE counts in RSS until memory gets short. Use "
            "MADV_DONTNEED where RSS is watched (Go: GODEBUG=madvdontneed=1, the default since 1.16).")
NO_SWAP = Claim(
    "madv-free-swapless-instant", "Without swap MADV_FREE frees at once.", MAPPINGS,
    known=(Known(REFUTED,
                 f"madvise(2), MADV_FREE (man-pages 6.03): before Linux 4.12 only; {FREED_BY_FREE}, without a look at swap",
                 since="4.12"),),
    instead="Use MADV_DONTNEED if memory must go back at once: since Linux 4.12 MADV_FREE waits for a shortage without swap too.")
REMOVED = Claim(
    "madv-remove-frees-shmem", "MADV_REMOVE of a shared memory range gives the memory back and it reads as zeros for all.",
    MAPPINGS,
    known=(Known(CONFIRMED, "madvise(2), MADV_REMOVE (man-pages 6.03)"),))
UNMAPPED = Claim(
    "munmap-frees-at-once", "munmap of touched private memory gives its frames back before it returns.", MAPPINGS,
    known=(Known(CONFIRMED, "mm/mmap.c, unmap_region (v5.10, v6.1); mm/vma.c, vms_clear_ptes (v6.12): what waits in the "
                            "processor's batch for the LRU lists is drained first, and no frame is left with a reference",
                 until="6.13"),
           Known(REFUTED, "mm/vma.c, unmap_region (v7.2) drains no batch: the frames touched last, up to 30, are held by the "
                          "one that waits for the LRU lists (mm/swap.c, folio_add_lru), until it is full or drained; measured "
                          "so from 6.16.12 on", since="6.16")),
    discovery="In 6.16 and later munmap leaves up to 30 of the frames that were touched last allocated, and charged "
              "to their group, although nobody can reach them (the verdicts have those of two mappings). mm/vma.c, "
              "vms_clear_ptes (v6.12) calls lru_add_drain() before it unmaps; unmap_region (v7.2) does not, and no more does "
              "mm/swap_state.c, free_pages_and_swap_cache, so that the reference of the processor's batch for the LRU lists is "
              "the last one. Read /proc/kpagecgroup for the frames of a mapping before and after munmap to repeat it.",
    instead="Don't expect the last 30 frames of a mapping to be free, or uncharged from their group, when munmap returns: the "
            "processor holds them until it has more pages for the LRU lists.")
NO_ACCESS_FREES = Claim(
    "mprotect-none-frees", "mprotect(PROT_NONE) gives the pages back.", MAPPINGS,
    known=(Known(REFUTED, "mm/mprotect.c, change_pte_range (v5.10 to v7.2) changes the entries and keeps the pages"),),
    instead="Call madvise(MADV_DONTNEED) beside mprotect(PROT_NONE), or map PROT_NONE memory over the range: protection alone "
            "keeps every page.")


def after(words: str, call: Callable[[Region], object], *, shared: bool = False, swap: bool = False) -> Case:
    def do(lab: Lab, at: str) -> None:
        if swap:
            lab.swapon()
        memory = lab.probe(at).map(SIZE, shared=shared).fill()
        lab.sample(f"{at} before")
        call(memory)
        lab.sample(f"{at} after", smaps={"memory": memory})
    return Case(words, do)


def advised(words: str, advice: int, *, shared: bool = False, swap: bool = False) -> Case:
    return after(words, lambda memory: memory.advise(advice), shared=shared, swap=swap)


def truncated(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    fd = probe.memfd("memory").value
    probe.ftruncate(fd, SIZE)
    probe.map(SIZE, shared=True, fd=fd).fill()
    lab.sample(f"{at} before")
    probe.ftruncate(fd, 0)
    lab.sample(f"{at} after")


def seen_by_another(words: str, advice: int, *, fill: bool = True) -> Case:
    """Records the pages that read as zeros to a child, of shared memory that its parent has advised."""
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(MIB, shared=True)
        if fill:
            memory.fill()
        child = lab.fork(memory.probe, f"{at}, child")
        memory.advise(advice)
        lab.record(at, memory.of(child).zeros())
    return Case(words, do)


def fall(counter: str) -> Callable[[str], Quantity]:
    """counter: of the machine's, or of the case's process where it begins with "/"."""
    return lambda at: Change(f"{at}{counter}" if counter.startswith("/") else counter, f"{at} before", f"{at} after") * -1


ALL = (AtLeast(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that stays is enough"))
RSS_FALLS = (AtLeast(pages(SIZE) - OFF, "every page, but for what VmRSS is off"), AtMost(OFF, "no more than VmRSS is off"))


def falls(claim: Claim, asked: Case, call: str) -> Small:
    """Expects VmRSS to fall by all that a call is made for."""
    return Small(claim, "fall of VmRSS", asked, advised("after MADV_DONTNEED", DONTNEED), advised("after MADV_NORMAL", NORMAL),
                 *RSS_FALLS, says=f"{call} of {SIZE // MIB} MiB that was filled made VmRSS fall by {{value}}.",
                 of=fall("/status:VmRSS"))


PROTECTED = after("after mprotect(PROT_NONE)",
                  lambda memory: memory.probe.mprotect(memory.address, memory.length, NO_ACCESS))
SHARED_NORMAL = advised("after MADV_NORMAL, shared", NORMAL, shared=True)


def held(words: str, call: Callable[[Region], object], *, drained: bool = False) -> Case:
    """Records how many frames of filled memory its group is no longer charged for once a call returns, of all its parts. Each
    part ends at another place of a processor's batch of 31 (include/linux/folio_batch.h, FOLIO_BATCH_SIZE; v7.2): one that ends
    where the batch does leaves nothing. drained: the frames are on the LRU lists by then, and not in a batch."""
    def do(lab: Lab, at: str) -> None:
        box, gone = lab.sandbox(at), 0
        probe = lab.probe(at, box)
        for _ in range(PARTS):
            memory = probe.map(SIZE // PARTS).fill()
            if drained:
                lab.drain_lru()
            had = frames(lab.region_pages(memory))
            call(memory)
            gone += len(had) - charged(lab, box, had)
        lab.record(at, gone)
    return Case(words, do)


SMALL = (Exactly(pages(MIB), "every page"), AtMost(pages(MIB) - 1, "one page that is otherwise is enough"))


EXPERIMENT = table(
    Small(SHMEM, "fall of Shmem", advised("after MADV_DONTNEED, shared", DONTNEED, shared=True),
          Case("after ftruncate(0)", truncated), SHARED_NORMAL, *ALL, of=fall("meminfo:Shmem"),
          says=f"MADV_DONTNEED of {SIZE // MIB} MiB of shared memory made Shmem fall by {{value}}."),
    falls(RSS, advised("after MADV_FREE, with swap", FREE, swap=True), "With swap, MADV_FREE"),
    falls(NO_SWAP, advised("after MADV_FREE, without swap", FREE), "Without swap, MADV_FREE"),
    Small(REMOVED, "fall of Shmem", advised("after MADV_REMOVE, shared", REMOVE, shared=True),
          Case("after ftruncate(0)", truncated),
          SHARED_NORMAL, *ALL, of=fall("meminfo:Shmem"), key="given back",
          says=f"MADV_REMOVE of {SIZE // MIB} MiB of shared memory made Shmem fall by {{value}},"),
    Small(REMOVED, "pages that read as zeros to another", seen_by_another("after MADV_REMOVE", REMOVE),
          seen_by_another("that nobody has written to", NORMAL, fill=False), seen_by_another("after MADV_NORMAL", NORMAL), *SMALL,
          unit="pages", key="zeros", says="and of {bound} pages another process saw {value} as zeros."),
    Small(UNMAPPED, "frames that were given back", held("by munmap", Region.unmap),
          held("by munmap of what was on the LRU lists", Region.unmap, drained=True),
          held("by MADV_NORMAL", lambda memory: memory.advise(NORMAL)), *ALL, unit="pages",
          says=f"When munmap of {SIZE // MIB} MiB returned, {{value}} of its frames were no longer charged to a group."),
    falls(NO_ACCESS_FREES, PROTECTED, "mprotect(PROT_NONE)"),
    besides=(Besides(RSS, Smaps("madv-free-drops-rss.asked after", "memory", "LazyFree"), AtLeast(1),
                     "smaps counted {value} of them as LazyFree."),),
    premises=(Premise(NO_SWAP, Counter("swaps:areas", f"{NO_SWAP.id}.asked before"), Exactly(0), "the machine has swap"),),
    version=4,
    needs=Needs(disks=(Disk("swap", "swap", 32 * MIB),), changes=("swap",)),
)
