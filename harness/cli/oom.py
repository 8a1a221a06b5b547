"""The command oom: what a kernel's log says of its OOMs."""

from __future__ import annotations

import bz2
import gzip
import json as json_
import lzma
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import errors
from harness.cli.base import say, task_of, warn
from harness.errors import LabError, Unavailable, UsageError
from harness.linux.releases import series

if TYPE_CHECKING:
    from harness.linux.oom import Report

FORMS = "dmesg, syslog, journalctl (-k, -o json, -o export), /dev/kmsg; gzip, xz, bzip2, zstd"
_PACKED = {b"\x1f\x8b": gzip.decompress, b"\xfd7zXZ": lzma.decompress, b"BZh": bz2.decompress}
_ZSTD = b"\x28\xb5\x2f\xfd"


def _oom(
    context: Any,
    file: Sequence[str] | None = None,
    here: bool = False,
    kernel: str = "",
    json: bool = False,
    csv: bool = False,
    markdown: bool = False,
    plot: str = "",
) -> int:
    """Explain each OOM of a log, `invoke oom FILE…`: who asked, what was short, who died by which rule, what the memory was.

    A log without an OOM is no error: it says so, and the status is 0.
    """
    if json + csv + markdown > 1:
        raise UsageError("--json, --csv, --markdown", "one at a time", "leave the others out")
    if kernel and not re.match(r"\d+\.\d+", kernel):
        raise UsageError(f"--kernel {kernel}", "it is no release of a kernel", "for instance --kernel 5.15")
    files = file or ()
    if not files and not here:
        raise UsageError("oom", "no log is named", "type: invoke oom FILE, or - for standard input, or --here for this machine")
    from harness.linux import oom_report  # its patterns are no other command's to wait for

    found = [report for text in _texts(files, here) for report in oom_report.reports(text)]
    for report in found:
        if kernel:
            report.release = report.release if report.release and series(report.release) == series(kernel) else kernel
    _print(found, json, csv, markdown)
    if plot:
        _draw(found, Path(plot))
    return errors.AS_KNOWN


def _print(found: list[Report], json: bool, csv: bool, markdown: bool) -> None:
    from harness.evidence.json_file import shown
    from harness.reports.oom import answer
    from harness.reports.oom.text import tell_all

    told = tell_all(found)
    if json:
        say(shown(json_.dumps(answer.document(told), indent=1, ensure_ascii=False)))
    elif csv:
        say(answer.table(told).rstrip("\n"))
    elif markdown:
        say(answer.markdown(told).rstrip("\n"))
    elif not told:
        say("There is no OOM in it: no line “… invoked oom-killer”, “oom-kill:…” or “Killed process …” of the kernel.")
    else:
        for line in answer.lines(told):
            say(line)


def _draw(found: list[Report], path: Path) -> None:
    """Writes a picture for each OOM that has a table: PATH, or PATH with a number where there are several."""
    from harness.reports.oom import answer
    from harness.reports.oom.text import tell_all
    from harness.reports.pictures import candidates

    drawn = [(number, one.report, ranking) for number, one in enumerate(tell_all(found), 1) if (ranking := one.ranking)]
    if not drawn:
        raise LabError("--plot", "no OOM of this log has a table of tasks", "leave --plot out")
    for number, report, ranking in drawn:
        to = path if len(drawn) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            to.write_text(candidates.of_log(ranking, answer.title(number, report)), "utf-8", "backslashreplace")
        except OSError as error:
            raise LabError(f"--plot {path}", f"it cannot be written ({error.strerror})", "name another file") from error
        warn(f"Picture: {to}")


def _texts(files: Sequence[str], here: bool) -> Iterator[str]:
    """Gives the text of each log. Raises UsageError for a file that cannot be read."""
    for name in files:
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            raise UsageError(f"{name}", f"it cannot be read ({error.strerror})", f"a log is wanted: {FORMS}") from error
        yield _text(name, raw)
    if here:
        yield _here()


def _text(name: str, raw: bytes) -> str:
    """Unpacks and decodes a log. What is no UTF-8 is kept as it is (surrogateescape)."""
    try:
        for magic, unpack in _PACKED.items():
            if raw.startswith(magic):
                raw = unpack(raw)
        if raw.startswith(_ZSTD):
            import zstandard

            raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    except (OSError, EOFError, ValueError, lzma.LZMAError, LookupError) as error:
        raise UsageError(f"{name}", f"it cannot be unpacked ({error})", "unpack it by hand and name the result") from error
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise UsageError(f"{name}", f"it cannot be unpacked ({error})", "unpack it by hand and name the result") from error
    if raw[:8] == b"LPKSHHRH":
        raise UsageError(f"{name}", "it is a journal's own file", f"type: journalctl -k --file {name} -o export | invoke oom -")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8", "surrogateescape")


def _here() -> str:
    """Reads the log of this machine: the journal of this boot, or else what the kernel still holds."""
    try:
        done = subprocess.run(["journalctl", "-k", "-b", "-o", "export", "--no-pager", "-q"], capture_output=True, timeout=120)
        if done.returncode == 0 and b"MESSAGE" in done.stdout:
            return done.stdout.decode("utf-8", "surrogateescape")
    except (OSError, subprocess.TimeoutExpired):
        pass  # no systemd
    try:
        descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        reason = f"the journal has nothing of the kernel for you, and /dev/kmsg cannot be read ({error.strerror})"
        raise Unavailable("--here", reason, "run it as root: sudo dmesg | invoke oom -") from None
    try:
        return "".join(_held(descriptor))
    finally:
        os.close(descriptor)


def _held(descriptor: int) -> Iterator[str]:
    """Reads record by record what /dev/kmsg holds; a record that was overwritten meanwhile is passed over (EPIPE)."""
    while True:
        try:
            yield os.read(descriptor, 16384).decode("utf-8", "surrogateescape")
        except BrokenPipeError:
            continue
        except OSError:  # EAGAIN: no more
            return


HELP = {
    "file": f"a log, - for standard input; may stand several times ({FORMS})",
    "here": "this machine's journal, or /dev/kmsg",
    "kernel": "the kernel's release, where the log does not say it: for the rule and the verdicts",
    "json": "everything as JSON",
    "csv": "the victims as CSV",
    "markdown": "a report to paste",
    "plot": "write a picture of the candidates, SVG",
}


oom = task_of(_oom, HELP, called="oom", undo=False, repeated=("file",))


def rewritten(words: Sequence[str]) -> list[str] | None:
    """Puts --file= before each file of an `oom` command line, for invoke takes one argument at most; None for others."""
    place = next((number for number, word in enumerate(words) if not word.startswith("-")), None)
    if place is None or words[place] != "oom":
        return None
    found, rest = list(words[: place + 1]), iter(words[place + 1 :])
    for word in rest:
        if word.startswith("--"):
            found.append(word)
            if word in {"--kernel", "--plot", "--file"}:
                found += [value for value in [next(rest, None)] if value is not None]
        else:
            found.append(f"--file={word}")
    return found
