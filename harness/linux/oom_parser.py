"""Records of the kernel's log → OOMs. Pure.

The lines of a report come in one order, and the kernel holds a lock (oom_lock) until its kill is done, so a line that
belongs to an earlier part than the last one is of another report, whose beginning the log lacks. A kill is a report's if
the report names it, or if nothing in the report speaks against it; else it stands alone, with nothing of any other.
"""

from __future__ import annotations

import re

from harness.linux import oom_lines
from harness.linux.kernel_log import Record
from harness.linux.oom import Report, Victim

ASKED, SHORT, TABLE, WHY, KILLED = range(5)  # the parts of a report, in order
SLOW = 60.0  # seconds that a report may take to be printed: a serial console has 100 lines of 100 characters a second at most
TOGETHER = 10.0  # seconds between two kills of a group
AT_ONCE = 0.02  # and of one that no table lists: a line on a serial console takes 10 ms


class Parser:
    """Reads record by record; `found` are the OOMs so far."""

    def __init__(self) -> None:
        self.found: list[Report] = []
        self.part: dict[int, int] = {}  # id of a report → the part that it has come to
        self.loose: set[int] = set()  # ids of reports that began with the state of memory: an allocation failure's, maybe
        self.release: str | None = None
        self.sysrq = False
        self.in_stat = False
        self.places: dict[int, str | None] = {}  # id of a report → how the line before the kill begins (before 5.1)
        self.record = Record(None, "")
        self.taken = False  # whether the last record was of an OOM
        self.after = 0  # records since one that was

    def read(self, record: Record, first: bool = False) -> None:
        """Takes the next record. first: it is the log's first, whose beginning may be torn off."""
        self.record, message, self.taken = record, record.message, True
        if oom_lines.BOOT.match(message):
            match = oom_lines.RELEASE.search(message)
            self.release, self.sysrq = match["release"] if match else None, False
        elif oom_lines.DROPPED.search(message):
            if self.current and self.part[id(self.current)] < KILLED:
                self.current.lost = True
        elif oom_lines.SYSRQ.match(message):
            self.sysrq = True
        elif match := oom_lines.ASKED.match(message):
            self._asked(oom_lines.asked(match), torn=first and not record.whole)
        elif oom_lines.TORN_HEAD.match(message):
            self._new(ASKED).head = True
        elif not self._kill(message):
            self.taken = self._table(message) or self._group(message) or self._machine(message)
        self.after = 0 if self.taken else self.after + 1

    @property
    def current(self) -> Report | None:
        return self.found[-1] if self.found else None

    def _new(self, part: int) -> Report:
        record = self.record
        at = round(record.seconds * 1e6) if record.boot and record.seconds is not None else None
        self.found.append(Report(at, record.stamp.strip(), record.seconds, self.release))
        self.part[id(self.found[-1])] = part
        self.in_stat = False
        return self.found[-1]

    def _in(self, part: int, again: bool = True) -> Report:
        """Finds the report that a line of this part belongs to, or begins one. again: its part may have several such lines."""
        now = self.current
        if now is None or self.part[id(now)] > part or (not again and self.part[id(now)] == part) or not self._near(now, SLOW):
            now = self._new(part)
        self.part[id(now)] = part
        return now

    def _near(self, report: Report, within: float) -> bool:
        one, other = report.seconds, self.record.seconds
        return one is None or other is None or -1 <= other - one <= within

    def _asked(self, asked: oom_lines.Asked, torn: bool) -> None:
        one = self._new(ASKED)
        one.head, one.sysrq = True, self.sysrq or asked.order == -1
        one.asked, one.gfp, one.order, one.asked_adj = None if torn else asked.name, asked.gfp, asked.order, asked.adj
        self.sysrq = False

    def _kill(self, message: str) -> bool:
        if match := oom_lines.WHY.match(message):
            one = self._in(WHY, again=False)
            if id(one) in self.loose:
                one = self._new(WHY)
            one.why = {**one.why, **oom_lines.why(match["fields"])}
        elif match := oom_lines.CHOSEN.match(message):
            now = self.current
            both = now is not None and not now.chosen and now.why.get("pid") == match["pid"]  # 5.0 prints both lines
            one = self._in(WHY, again=both)
            one.chosen = int(match["pid"]), match["name"], int(match["score"]) if match["score"] else None
            self.places[id(one)] = match["where"]
        elif match := oom_lines.KILLED.match(message) or oom_lines.TORN_KILL.match(message):
            self._killed(match)
        elif oom_lines.UNKILLABLE.search(message):
            now = self.current
            one = now if now and self.part[id(now)] < WHY and self._near(now, SLOW) else self._new(WHY)
            one.unkillable, one.panic, self.part[id(one)] = True, "panic" in message, KILLED
        elif match := oom_lines.EXITING.search(message):
            now = self.current
            mine = now is not None and (now.group is not None or self.part[id(now)] < KILLED) and self._near(now, SLOW)
            one = now if mine and now else self._new(KILLED)
            one.limited = one.limited or not mine
            one.exiting.append(int(match["pid"]))
            self.part[id(one)] = KILLED
        elif match := oom_lines.REAPED.match(message) or oom_lines.UNREAPED.match(message):
            self._reaped(match)
        elif match := oom_lines.GROUP.match(message):
            self._took_group(match["group"])
        else:
            return self._panicked(message)
        return True

    def _panicked(self, message: str) -> bool:
        if self.current is None or not ("deadlocked on memory" in message or "panic_on_oom" in message):
            return False
        self.current.panic, self.part[id(self.current)] = True, KILLED
        return True

    def _killed(self, match: re.Match[str]) -> None:
        pid, fields = int(match["pid"]), match.groupdict()
        sizes, uid, adj = oom_lines.sizes(fields.get("fields") or "")
        uid = int(fields["uid"]) if fields.get("uid") else uid
        for one in reversed(self.found[-3:]):
            member = self._is_member(one, pid)
            if member or self._is_own(one, pid, match["where"]):
                break
        else:
            one, member = self._new(KILLED), False
            one.limited = True
        if one.told(pid):
            return  # the group's first victim is named among the group again
        place = match["where"] or self.places.get(id(one))
        why = {} if member else one.why
        one.victims.append(
            Victim(
                pid,
                fields.get("name") or "",
                place.startswith("Memory") if place else (True if one.memory else None),
                sizes,
                adj,
                uid,
                why.get("constraint"),
                why.get("oom_memcg"),
                why.get("task_memcg"),
                one.chosen[2] if one.chosen else None,
                self.record.seconds,
                self.record.stamp.strip(),
            )
        )
        self.part[id(one)] = KILLED

    def _is_own(self, report: Report, pid: int, place: str | None) -> bool:
        """Says whether a kill is the one that a report announces, or that nothing in it speaks against."""
        if report.victims or report.unkillable or report.lost or id(report) in self.loose:
            return False
        if "pid" in report.why and not report.chosen:
            return int(report.why["pid"]) == pid
        if report is not self.current and not (report.at is not None and self.record.boot and self._near(report, 1)):
            return False
        if not self._near(report, SLOW) or (report.exiting and not report.chosen):
            return False
        memcg = report.memcg
        if memcg is not None and place is not None and place.startswith("Memory") != memcg:
            return False
        return bool(report.chosen) or not report.tasks or bool(report.torn) or pid in report.tasks

    def _is_member(self, report: Report, pid: int) -> bool:
        """Says whether a kill is one of the group that memory.oom.group takes with a victim."""
        if report is not self.current or report.group is None:
            return False
        last, now = [victim.seconds for victim in report.victims][-1:], self.record.seconds
        apart = now - last[0] if last and last[0] is not None and now is not None else None
        if not report.tasks or report.torn or pid in report.tasks:
            return apart is None or -1 <= apart <= TOGETHER
        # One that was born after the table was printed; or the victim of another OOM, which takes longer to come.
        return self.record.boot and apart is not None and 0 <= apart <= AT_ONCE

    def _took_group(self, group: str) -> None:
        one = self.current
        if one is None or not (one.victims or one.exiting) or not self._near(one, SLOW + TOGETHER):
            one = self._new(KILLED)
        elif one.group is not None and len(one.victims) > 1:
            # The last that seemed to be of the group is the victim of another OOM, whose report was left out.
            victim = one.victims.pop()
            one = self._new(KILLED)
            one.at = round(victim.seconds * 1e6) if self.record.boot and victim.seconds is not None else None
            one.limited, one.stamp, one.seconds = True, victim.stamp, victim.seconds
            one.victims = [victim]
        elif one.group is not None:
            one = self._new(KILLED)
        one.group = group

    def _reaped(self, match: re.Match[str]) -> None:
        """Enters the reaper's line, which comes when it is done, into the last report with that victim."""
        pid = int(match["pid"])
        owner = next((one for one in reversed(self.found) if one.told(pid)), None)
        if owner and "sizes" in match.groupdict():
            owner.left[pid] = {name: int(value) for name, value in oom_lines.SIZE.findall(match["sizes"])}
        elif owner:
            owner.unreaped.append(pid)

    def _table(self, message: str) -> bool:
        now = self.current
        if match := oom_lines.HEAD.match(message):
            one = self._in(TABLE, again=now is not None and not now.columns)
            one.columns = tuple(match["columns"].split()[:-1])
            self.loose.discard(id(one))
        elif (match := oom_lines.ROW.match(message)) and now and now.columns and self.part[id(now)] == TABLE:
            found = oom_lines.row(match["rest"], now.columns)
            if isinstance(found, tuple):
                now.tasks[int(match["pid"])], now.names[int(match["pid"])] = found
            else:
                now.torn += found
        else:
            return False
        return True

    def _of_group(self) -> Report:
        one = self._in(SHORT)
        return self._new(SHORT) if id(one) in self.loose else one

    def _group(self, message: str) -> bool:
        """Reads lines of the group that was short."""
        if match := oom_lines.USAGE.match(message):
            now = self.current
            field = {"memory": "memory", "swap": "swap", "memory+swap": "memsw", "kmem": "kmem"}[match["what"]]
            one = self._of_group() if now and not getattr(now, field) else self._new(SHORT)
            setattr(one, field, (int(match["usage"]), int(match["limit"])))
        elif match := oom_lines.STATS.match(message):
            one = self._of_group()
            if match["group"] and not one.stat_of:
                one.stat_of = match["group"]
            if match["rest"] and not one.stat:  # cgroup v1 before 5.x; the groups below it follow, each with a line of its own
                one.stat = {name: int(value) << 10 for name, value in oom_lines.KIBS.findall(match["rest"])}
            self.in_stat = not match["rest"]
        elif match := oom_lines.TASK_IN.match(message):
            self._of_group().why |= {"task_memcg": match["task"], "oom_memcg": match["limit"]}
        elif self.in_stat and (match := oom_lines.STAT.match(message.strip())):
            if (now := self.current) and self.part[id(now)] == SHORT:
                now.stat.setdefault(match["name"], int(match["value"]))
        else:
            return False
        return True

    def _machine(self, message: str) -> bool:
        """Reads lines of the state of memory (show_mem), which an allocation that fails prints too; and who asked."""
        now, text = self.current, message.strip()
        if now and self.part[id(now)] == ASKED:
            if match := oom_lines.CPU.match(text):
                if now.asked in (None, match["name"]):
                    now.asked_pid = int(match["pid"])
                release = oom_lines.RELEASE.search(text)
                self.release = now.release = release["release"] if release else now.release
            elif (match := oom_lines.CPUSET.match(text)) and match["name"] == now.asked:
                now.why = {"cpuset": match["cpuset"], "mems_allowed": match["mems"]}
        if text.lower() == "mem-info:" and (now is None or self.part[id(now)] > SHORT or not self._near(now, SLOW)):
            self.loose.add(id(self._new(SHORT)))
        elif now is None or self.part[id(now)] > SHORT or now.memory or now.stat_of:
            return False
        elif oom_lines.AMOUNTS.fullmatch(message):
            for name, value in oom_lines.AMOUNT.findall(message):
                now.stat.setdefault(name, int(value))
            self.part[id(now)] = SHORT
        elif match := oom_lines.ZONE.match(text):
            zone = oom_lines.zone(match)
            if (zone.node, zone.name) not in {(one.node, one.name) for one in now.zones}:
                now.zones.append(zone)
        elif match := oom_lines.BUDDY.match(text):
            now.page = int(match["kib"]) << 10
        elif match := oom_lines.SWAP.match(text):
            now.machine.setdefault("swap" if match["what"] == "Total" else "swap_free", int(match["kib"]))
        elif match := oom_lines.RAM.match(text):
            now.machine.setdefault("ram", int(match["pages"]))
        elif match := oom_lines.RESERVED.match(text):
            now.machine.setdefault("reserved", int(match["pages"]))
        elif match := oom_lines.SLAB.match(text):
            now.slabs[match["name"]] = int(match["total"])
        else:
            return False
        return True

    def finish(self, torn: bool) -> list[Report]:
        """Gives the OOMs, without what turned out to be none. torn: the log has no end of its last line."""
        if self.found:
            last = self.found[-1]
            last.cut = (torn and self.after <= 1) or (self.taken and self.part[id(last)] < KILLED)
        return [one for one in self.found if id(one) not in self.loose]
