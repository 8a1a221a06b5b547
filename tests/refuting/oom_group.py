"""memory.oom.group: another one left or killed, a kill counted or not."""

from harness.false_evidence.made import Made, cases

ALL, SPARES, LIMIT, COUNTED, GLOBAL = (
    "memcg-oom-group-kills-all", "memcg-oom-group-spares-minus-1000", "memcg-oom-group-of-limit-only",
    "memcg-oomkill-counted-at-limit", "memcg-oom-group-global")


def read(claim: str, asked: int, true: int, false: int) -> Made:
    return Made(records=cases(claim, asked, true, false))


def counted(kills: int) -> Made:
    return Made(counters={at: {f"{at}/memory.events.local:oom_kill": value}
                          for at, value in cases(COUNTED, kills, 1, 0).items()})


CONFIRMS = {ALL: read(ALL, 0, 0, 2), SPARES: read(SPARES, 1, 1, 0), LIMIT: read(LIMIT, 0, 0, 2), COUNTED: counted(1),
            GLOBAL: read(GLOBAL, 0, 0, 2)}
REFUTES = {ALL: read(ALL, 1, 0, 2), SPARES: read(SPARES, 0, 1, 0), LIMIT: read(LIMIT, 2, 0, 2), COUNTED: counted(0),
           GLOBAL: read(GLOBAL, 2, 0, 2)}
