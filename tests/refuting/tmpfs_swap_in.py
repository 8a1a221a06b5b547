"""Swapped-out tmpfs pages: one that is not read in, one whose content is lost."""

from harness.false_evidence.made import Made

N, KIB = 1024, 4096
SWAP_INS = {"squeezed": 0, "read": N, "write": 2 * N, "cut": 2 * N, "private": 3 * N + 9}
LEFT = {"read": ("squeezed",), "write": ("squeezed", "read"), "cut": ("squeezed", "read", "write")}


def moment(name: str, swap_ins: int) -> dict[str, int]:
    left = {f"{file}/smaps_rollup:Swap": KIB if name in moments else 0 for file, moments in LEFT.items()}
    return {"vmstat:pswpin": swap_ins, "meminfo:SwapCached": 12, **left}


GOOD = Made(counters={"private squeezed": {"meminfo:SwapCached": 12},
                      **{name: moment(name, swap_ins) for name, swap_ins in SWAP_INS.items()}},
            pages={"squeezed": {"private": {"swapped": N + 64}}},
            records={"read: content": N, "write: content": N, "cut: content": 0, "private: content": N})

CONFIRMS = {"tmpfs-read-swaps-in": GOOD, "tmpfs-write-swaps-in": GOOD}
REFUTES = {"tmpfs-read-swaps-in": GOOD.but(records={"read: content": N - 1}),
           "tmpfs-write-swaps-in": GOOD.but(counters={"read": {"vmstat:pswpin": N + 1}})}
