"""Semaphores: the values in Cached, or a page less; a named one in anonymous memory."""

from harness.false_evidence.made import Made

SIZE, VALUES, NAMED = 256, 125, 64     # pages


def trial(values: int, named: int) -> Made:
    moments = ("before", "tmpfs file", "anonymous memory", "System V semaphores", "named semaphores")
    growth = (SIZE, 0, values, NAMED)
    return Made(counters={moment: {"meminfo:Cached": 4 * sum(growth[:number])} for number, moment in enumerate(moments)},
                pages={"named semaphores": {"named semaphores": {"shmem": named, "anonymous": NAMED - named},
                                            "tmpfs file": {"shmem": NAMED}, "anonymous memory": {"anonymous": NAMED}}})


CLAIMS = ("sysv-sem-on-tmpfs", "posix-named-sem-on-tmpfs")
CONFIRMS = dict.fromkeys(CLAIMS, trial(VALUES, NAMED))
REFUTES = dict.fromkeys(CLAIMS, trial(VALUES - 1, NAMED - 1))
