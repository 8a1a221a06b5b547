"""A written file in Cached and Buffers, its buffer heads, a disk's block size: the page, object or byte that turns each."""

from harness.false_evidence.made import Made, cases

LEAVES, HEADS, DEVICE = "file-write-leaves-buffers", "file-write-makes-buffer-heads", "buffer-block-size-from-device"
SIZE, SHARE = 16_384, 164


def grown(claim: str, key: str, counter: str, unit: int, asked: int, true: int, false: int) -> dict[str, dict[str, int]]:
    return {f"{case}: {moment}": {counter: unit * (1000 + growth * (moment == "after"))}
            for case, growth in cases(f"{claim}.{key}" if key else claim, asked, true, false).items()
            for moment in ("before", "after")}


def leaves(key: str, buffers: int) -> dict[str, dict[str, int]]:
    return {**grown(LEAVES, f"cached {key}", "meminfo:Cached", 4, SIZE + 3, SIZE, 0),
            **grown(LEAVES, f"buffers {key}", "meminfo:Buffers", 4, buffers, 0, SIZE)}


def heads(asked: int) -> Made:
    return Made(counters=grown(HEADS, "", "slabinfo:buffer_head.active_objs", 1, asked, SIZE + 13, 0))


GOOD = Made(counters={**leaves("written", SHARE - 1), **leaves("synced", SHARE - 1)})
FIXED, SET = (Made(records=cases(DEVICE, value, 0, 3584)) for value in (0, 3072))

CONFIRMS = {LEAVES: GOOD, HEADS: heads(SIZE - 1248), DEVICE: FIXED}
REFUTES = {LEAVES: GOOD.but(counters=leaves("synced", SHARE)), HEADS: heads(SIZE - 1249), DEVICE: SET}
