"""Messages: all of them in Cached, or a page less."""

from harness.false_evidence.made import Made

SIZE = 2048     # pages


def trial(messages: int) -> Made:
    moments = ("before", "tmpfs file", "anonymous memory", "POSIX queue", "System V queue")
    growth = (SIZE, 0, messages, messages)
    return Made(counters={moment: {"meminfo:Cached": 4 * sum(growth[:number])} for number, moment in enumerate(moments)},
                records={"in the POSIX queue": 4096 * SIZE, "in the System V queue": 4096 * SIZE})


CLAIMS = ("posix-mq-on-tmpfs", "sysv-msg-on-tmpfs")
CONFIRMS = dict.fromkeys(CLAIMS, trial(SIZE))
REFUTES = dict.fromkeys(CLAIMS, trial(SIZE - 1))
