"""exec-maps-segments, heap-vma-on-demand: a bss that is not mapped at exec; a heap that nobody asked for."""

from harness.false_evidence.made import Made


def maps(*lines: tuple[int, str]) -> str:
    return "".join(f"{page:x}000-{page + 1:x}000 rw-p 00000000 00:00 0    {path}\n" for page, path in lines)


PROGRAM = ((1, "/programs/probe"), (2, "/programs/probe"), (3, ""), (9, "[stack]"))
HEAP = (7, "[heap]")
MAPPED = tuple((page, "") for page in range(20, 24))
GOOD = Made(
    records={"segments": [0x1000, 0x2000, 0x3000, 0x9000], "mapped": [page << 12 for page, _ in MAPPED],
             "unmapped": [page << 12 for page in range(30, 34)]},
    texts={"exec": {"program/maps": maps(*PROGRAM)}, "running": {"program/maps": maps(*PROGRAM)},
           "grown": {"program/maps": maps(*PROGRAM, HEAP), "grown/maps": maps(*PROGRAM, HEAP),
                     "given back/maps": maps(*PROGRAM), "only mapped/maps": maps(*PROGRAM, *MAPPED)}})

CONFIRMS = {"exec-maps-segments": GOOD, "heap-vma-on-demand": GOOD}
REFUTES = {"exec-maps-segments": GOOD.but(texts={"exec": {"program/maps": maps(*PROGRAM[:2], PROGRAM[3])}}),
           "heap-vma-on-demand": GOOD.but(texts={"running": {"program/maps": maps(*PROGRAM, HEAP)}})}
