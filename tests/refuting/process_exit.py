"""exit-returns-private, exit-returns-all: one frame of 12,288 that stays; one cached page that does."""

from harness.false_evidence.made import Made

KIB, USED = 4, 12_288
KINDS = ("private", "alive", "unmapped", "file", "tmpfs", "segment")


def moment(anon: int, cached: int = 0) -> dict[str, int]:
    return {"vmstat:pswpout": 0, "meminfo:AnonPages": 80 + anon * KIB, "meminfo:Cached": 752 + cached * KIB}


GONE = Made(counters={**{f"{when} {name}": moment(0) for when in ("before", "after") for name in KINDS},
                      **{f"used {name}": moment(0, USED // 3) for name in ("file", "tmpfs", "segment")},
                      "used private": moment(USED + 30), "after alive": moment(USED + 30)},
            records={"private: charged": 0, "unmapped: charged": 0, "alive: charged": USED})
STAYS = {"after file": {"meminfo:Cached": 752 + KIB}}

CONFIRMS = {"exit-returns-private": GONE, "exit-returns-all": GONE}
REFUTES = {"exit-returns-private": GONE.but(records={"private: charged": 1}),
           "exit-returns-all": GONE.but(counters=STAYS)}
