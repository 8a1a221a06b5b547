"""shared-anon-calls-shmem-zero-setup: a call for each shared mapping; one that did without."""

from harness.false_evidence.made import Made, cases

ID = "shared-anon-calls-shmem-zero-setup"


def trace(times: int) -> str:
    return "".join(f"           probe-120     [000] .....     {time + 1}.000000: entered: (function+0x0/0x10)\n"
                   for time in range(times))


def counted(shared: int) -> Made:
    return Made(records={name: trace(times) for key, counts in {"shared": (shared, 100, 0), "private": (0, 0, 100)}.items()
                         for name, times in cases(f"{ID}.{key}", *counts).items()})


CONFIRMS = {ID: counted(100)}
REFUTES = {ID: counted(99)}
