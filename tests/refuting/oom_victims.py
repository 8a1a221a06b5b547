"""Whom an OOM takes, a signal sent or not, a process that lives on, a page that a zombie still has."""

from typing import Any

from harness.false_evidence.made import Made, cases, oom

PAGES, SMALL = 16_384, 40
REQUESTER, MACHINE, GROUP, SIGTERM, STATUS, FIRST, ZOMBIE = (
    "oom-kills-requester", "oom-allocating-task-global", "oom-allocating-task-memcg", "oom-sigterm-first", "oom-exit-137",
    "oom-pid1-container-immune", "oom-zombie-uses-memory")


def took(name: str, who: str) -> dict[str, Any]:
    """Whom the three cases of a contest took: the asker, the idle one, and as `who` says."""
    def one(at: str, victim: str) -> dict[str, Any]:
        other = "idle" if victim == "asking" else "asking"
        return oom(f"{at} {victim}", alive=(f"{at} {other}",))
    chosen = cases(name, who, "asking", "idle")
    return {at: one(at, victim) for at, victim in chosen.items()}


def contest(name: str, who: str) -> Made:
    return Made(records=took(name, who))


def both(group: str, machine: str) -> Made:
    return Made(records={**took(f"{REQUESTER}.group", group), **took(f"{REQUESTER}.machine", machine)})


def sent(count: int) -> Made:
    return Made(records={f"{at}: SIGTERM": value for at, value in cases(SIGTERM, count, 1, 0).items()})


def anon(extra: int) -> Made:
    """AnonPages are so many KiB more with the zombie than before."""
    found: dict[str, dict[str, int]] = {}
    for at, pages in cases(ZOMBIE, extra, PAGES + SMALL, 0).items():
        found |= {f"{at}: before": {"meminfo:AnonPages": 4000}, at: {"meminfo:AnonPages": 4000 + 4 * pages}}
    return Made(counters=found)


CONFIRMS = {REQUESTER: both("asking", "asking"), MACHINE: contest(MACHINE, "asking"), GROUP: contest(GROUP, "asking"),
            SIGTERM: sent(1), STATUS: Made(records=cases(STATUS, 9, 9, 15)),
            FIRST: Made(records=cases(FIRST, 1, 1, 0)), ZOMBIE: anon(PAGES)}
REFUTES = {REQUESTER: both("asking", "idle"), MACHINE: contest(MACHINE, "idle"), GROUP: contest(GROUP, "idle"),
           SIGTERM: sent(0), STATUS: Made(records=cases(STATUS, 15, 9, 15)),
           FIRST: Made(records=cases(FIRST, 0, 1, 0)), ZOMBIE: anon(PAGES - 1)}
