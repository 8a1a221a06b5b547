"""IPC memory: all of the messages in Cached, a page less; a named semaphore in anonymous memory."""

from tests.refuting.made import Made

SIZE, VALUES, NAMED = 2048, 125, 64     # pages


def cached(*growth: int) -> dict[str, dict[str, int]]:
    """The counter at each moment, from its growth by each step in pages."""
    moments = ("before", "tmpfs file", "anonymous memory", "POSIX queue", "System V queue", "System V semaphores",
               "named semaphores")
    return {moment: {"meminfo:Cached": 4 * sum(growth[:number])} for number, moment in enumerate(moments)}


TRUE = Made(
    counters=cached(SIZE, 0, SIZE, SIZE, VALUES, NAMED),
    pages={"named semaphores": {"named semaphores": {"shmem": NAMED}, "tmpfs file": {"shmem": NAMED},
                                "anonymous memory": {"anonymous": NAMED}}},
    records={"in the POSIX queue": 4096 * SIZE, "in the System V queue": 4096 * SIZE})
FALSE = TRUE.but(counters=cached(SIZE, 0, SIZE - 1, SIZE - 1, VALUES - 1, NAMED),
                 pages={"named semaphores": {"named semaphores": {"shmem": NAMED - 1, "anonymous": 1}}})

CLAIMS = ("posix-mq-on-tmpfs", "sysv-msg-on-tmpfs", "sysv-sem-on-tmpfs", "posix-named-sem-on-tmpfs")
CONFIRMS = dict.fromkeys(CLAIMS, TRUE)
REFUTES = dict.fromkeys(CLAIMS, FALSE)
