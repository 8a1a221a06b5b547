"""brk-goes-through-mmap: a call of do_mmap at the first brk, and none."""

from harness.false_evidence.made import Made, cases

ID = "brk-goes-through-mmap"
EVENT = "           probe-120     [000] .....     1.000000: entered: (do_mmap+0x0/0x510)\n"


def counted(asked: int) -> Made:
    return Made(records={**{name: EVENT * times for name, times in cases(ID, asked, 1, 0).items()}, f"{ID}.asked: new heaps": 1})


CONFIRMS = {ID: counted(1)}
REFUTES = {ID: counted(0)}
