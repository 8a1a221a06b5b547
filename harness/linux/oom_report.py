"""The kernel's OOM reports in a log of any form: as objects, as rows, as DataFrames. Pure.

    from harness.linux import oom_report
    text = Path("/var/log/kern.log").read_text("utf-8", "surrogateescape")
    reports, victims, tasks = oom_report.frames(text)

Checked with real kills on 5.10, 6.1, 6.12 and 7.2, and with public logs from 2.6.32 to 6.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.linux import kernel_log, oom_lines
from harness.linux.oom import Report, Victim, missing
from harness.linux.oom_parser import Parser

if TYPE_CHECKING:
    import pandas as pd

WHY = ("constraint", "nodemask", "cpuset", "mems_allowed", "oom_memcg", "task_memcg")
TEXTS = {"asked", "gfp", *WHY, "group", "name", "stamp", "release", "missing"}
SIZES = ("total-vm", "anon-rss", "file-rss", "shmem-rss", "pgtables")
COLUMNS = [
    *("report", "at", "memcg", "asked", "gfp", "order", "usage", "limit", *WHY, "group", "victim", "pid", "name", "uid"),
    *(*SIZES, "oom_score_adj", "rss", "swapents", "ended"),
]
REPORT_COLUMNS = [
    *("report", "at", "stamp", "release", "memcg", "asked", "asked_pid", "gfp", "order", "asked_adj", "usage", "limit"),
    *("swap_usage", "swap_limit", *WHY, "group", "victims", "tasks", "missing"),
]
TASK_COLUMNS = [
    "report",
    "pid",
    "name",
    "uid",
    "tgid",
    "total_vm",
    "rss",
    "pgtables_bytes",
    "swapents",
    "oom_score_adj",
    "killed",
]


class Frames(NamedTuple):
    """The OOMs of a log as three DataFrames, joined by their column `report`, which counts from 1."""

    reports: pd.DataFrame
    victims: pd.DataFrame
    tasks: pd.DataFrame


def reports(log: str) -> list[Report]:
    """Lists every OOM in a log, in order."""
    return [replace(one) for one in _reports(log)]  # a report may be told its kernel later


@lru_cache(maxsize=16)  # every quantity of an OOM, reference and table asks for the same log again
def _reports(log: str) -> tuple[Report, ...]:
    parser, found = Parser(), _joined(kernel_log.records(log))
    for place, record in enumerate(found):
        parser.read(record, first=place == 0)
    return tuple(parser.finish(torn=not log.endswith("\n")))


def _joined(found: Iterable[kernel_log.Record]) -> list[kernel_log.Record]:
    """Puts together again a line that a mailer or an editor has wrapped."""
    made: list[kernel_log.Record] = []
    for one in found:
        before, message = made[-1].message.rstrip() if made else "", one.message.strip()
        torn = before.startswith("oom-kill:") and not one.whole and not re.search(r",uid=\d+$", before)
        begun = "oom-kill:" in before or "invoked oom-killer" in before or re.search(r"[Kk]ill(?:ed)? process \d", before)
        if torn or (begun and oom_lines.GOES_ON.match(message)):
            gap = "" if before.startswith("oom-kill:") else " "
            made[-1] = replace(made[-1], message=before + gap + message)
        else:
            made.append(one)
    return made


def messages(log: str) -> list[str]:
    """Lists the kernel's messages, without what the log's form puts before them."""
    return [record.message for record in kernel_log.records(log)]


def victims(log: str) -> list[Victim]:
    """Lists every process that was killed, in order.

    One that memory.oom.group takes with its group is named twice in a log: as the victim, then among the group.
    """
    return [victim for report in reports(log) for victim in report.victims]


def tables(log: str) -> list[dict[int, dict[str, int]]]:
    """Lists the tables of tasks, one a report that has one: pid → column → number ("rss" in pages, "oom_score_adj")."""
    return [report.tasks for report in reports(log) if report.columns]


def rows(log: str, ended: Mapping[int, int | None] | None = None) -> list[dict[str, Any]]:
    """Gives a row for each victim, with all that its report says of it. ended: pid → wait status, beside it."""
    return victim_rows(reports(log), ended)


def victim_rows(found: Iterable[Report], ended: Mapping[int, int | None] | None = None) -> list[dict[str, Any]]:
    """Gives a row for each victim of these reports, in their order."""
    made = []
    for number, report in enumerate(found, 1):
        for place, victim in enumerate(report.victims, 1):
            task = report.tasks.get(victim.pid, {})
            made.append(
                {
                    "report": number,
                    "at": _seconds(report),
                    "memcg": report.memcg if victim.memcg is None else victim.memcg,
                    "asked": report.asked,
                    "gfp": report.gfp,
                    "order": report.order,
                    "usage": report.memory[0] if report.memory else None,
                    "limit": report.memory[1] if report.memory else None,
                    **{name: report.why.get(name) for name in WHY},
                    "group": report.group,
                    "victim": place,
                    "pid": victim.pid,
                    "name": victim.name or None,
                    "uid": victim.uid,
                    **dict.fromkeys(SIZES),
                    **victim.sizes,
                    "oom_score_adj": victim.oom_score_adj,
                    "rss": task.get("rss"),
                    "swapents": task.get("swapents"),
                    "ended": (ended or {}).get(victim.pid),
                }
            )
    return made


def report_rows(found: Iterable[Report]) -> list[dict[str, Any]]:
    """Gives a row for each report: what was asked, what was short, what is missing."""
    return [
        {
            "report": number,
            "at": _seconds(report),
            "stamp": report.stamp or None,
            "release": report.release,
            "memcg": report.memcg,
            "asked": report.asked,
            "asked_pid": report.asked_pid,
            "gfp": report.gfp,
            "order": report.order,
            "asked_adj": report.asked_adj,
            "usage": report.memory[0] if report.memory else None,
            "limit": report.memory[1] if report.memory else None,
            "swap_usage": report.swap[0] if report.swap else None,
            "swap_limit": report.swap[1] if report.swap else None,
            **{name: report.why.get(name) for name in WHY},
            "group": report.group,
            "victims": len(report.victims),
            "tasks": len(report.tasks),
            "missing": " ".join(missing(report)) or None,
        }
        for number, report in enumerate(found, 1)
    ]


def task_rows(found: Iterable[Report]) -> list[dict[str, Any]]:
    """Gives a row for each row of a table of tasks; killed: whether it was a victim of that OOM."""
    return [
        {"report": number, "pid": pid, "name": report.names[pid], **task, "killed": report.told(pid) is not None}
        for number, report in enumerate(found, 1)
        for pid, task in report.tasks.items()
    ]


def _seconds(report: Report) -> float | None:
    return None if report.at is None else report.at / 1e6


def frame(log: str, ended: Mapping[int, int | None] | None = None) -> pd.DataFrame:
    """Gives a row for each victim as a DataFrame.

    Sizes of the kernel's line ("total-vm" … "pgtables"), usage and limit in KiB; rss and swapents of the table of tasks in
    pages; at in seconds since boot. What was not said is <NA>.
    """
    return _typed(rows(log, ended), COLUMNS)


def frames(log: str) -> Frames:
    """Reads a log of any form into DataFrames of reports, victims (as `frame`) and tasks (in pages, as the kernel's table).

    usage and limit in KiB; at in seconds since boot, <NA> where the log has dates (`stamp` is the time as it stands in the
    log); missing says in words what the log lacks. What was not said is <NA>.
    """
    found = reports(log)
    return Frames(
        _typed(report_rows(found), REPORT_COLUMNS),
        _typed(victim_rows(found), COLUMNS),
        _typed(task_rows(found), TASK_COLUMNS),
    )


def _typed(made: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    others = dict.fromkeys(name for row in made for name in row if name not in columns)
    held = [{name: None if isinstance(value, int) and abs(value) >> 63 else value for name, value in row.items()} for row in made]
    found = pd.DataFrame(held, columns=[*columns, *others])
    kinds: dict[str, Any] = {"at": pd.Float64Dtype(), "memcg": pd.BooleanDtype(), "killed": pd.BooleanDtype()}
    kinds |= {name: pd.StringDtype() for name in TEXTS}
    typed: pd.DataFrame = found.astype({name: kinds.get(name, pd.Int64Dtype()) for name in found.columns})
    return typed
