"""vmswap-counts-shmem: a quarter of 16 MiB, and three."""

from harness.false_evidence.made import Made, cases

ID, SIZE, KIB_A_PAGE = "vmswap-counts-shmem", 4096, 4


def swapped(asked: int) -> Made:
    return Made(counters={case: {f"{case}/status:VmSwap": KIB_A_PAGE * number}
                          for case, number in cases(ID, asked, SIZE, 0).items()})


CONFIRMS = {ID: swapped(SIZE * 3 // 4)}
REFUTES = {ID: swapped(SIZE // 4)}
