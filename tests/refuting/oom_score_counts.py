"""Points of oom_score: one too few for more, and as many as a border between two may make."""

from harness.false_evidence.made import Made, cases

POINTS = 97
SHARED, WRITER, RESERVED, TABLES, EACH_THREAD = (
    "oom-score-counts-shared", "oom-score-counts-tmpfs-writer", "oom-score-counts-reserved", "oom-score-counts-pagetables",
    "oom-score-threads-summed")


def points(name: str, asked: int) -> Made:
    return Made(records=cases(name, asked, POINTS, 0))


def percent(asked: int) -> Made:
    return Made(records=cases(SHARED, asked, 100, 33))


CONFIRMS = {SHARED: percent(94), **{name: points(name, 5) for name in (WRITER, RESERVED, TABLES, EACH_THREAD)}}
REFUTES = {SHARED: percent(93), **{name: points(name, 4) for name in (WRITER, RESERVED, TABLES, EACH_THREAD)}}
