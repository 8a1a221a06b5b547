"""Fuzz targets of the C code that reads what others wrote: built with libFuzzer, ASan and UBSan, and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.errors import LabError, Unavailable
from harness.faults import seeds
from harness.faults.shown import Asked, Shown
from probes import build

HERE = Path(__file__).resolve().parent / "targets"
# -fno-sanitize-recover: UBSan's findings end the run as ASan's do. -O1: what a larger -O folds away can't be found.
FLAGS = [
    *("-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined"),
    *("-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-std=gnu11"),
]
LONGEST = 4096  # bytes of an input: some sixty requests, or a file of /proc
SECONDS = 10  # of one input, which takes microseconds
ROOM = 1024  # MiB, of a process whose largest buffer is one frame of 1 MiB
EXECUTED = re.compile(r"^stat::number_of_executed_units: *(\d+)$", re.M)
COVERED = re.compile(r"\bcov: (\d+)")


@dataclass(frozen=True)
class Target:
    """A fuzz target. sources: the files of probes/ under test; seeds: what the first inputs are, by name."""

    name: str
    sources: tuple[str, ...]
    seeds: dict[str, bytes]


TARGETS = (
    Target("decoder", ("native.c",), seeds.decoder()),
    Target("agent", ("agent/requests.c", "agent/output.c", "agent/targets.c", "common/channel.c"), seeds.agent()),
    Target("probe", ("operations/dispatch.c", "common/channel.c"), seeds.probe()),
)


def compiler() -> str:
    """Finds clang. Raises Unavailable where it or its sanitizers' libraries are missing."""
    found = shutil.which("clang")
    if not found:
        raise Unavailable("clang", "it is not installed, and libFuzzer is a part of it", "on Debian: apt-get install clang")
    return found


def compiled(target: Target, directory: Path) -> Path:
    """Builds a fuzz target. Raises LabError with the compiler's last words."""
    made = directory / target.name
    files = [HERE / f"{target.name}.c", *(build.HERE / name for name in target.sources)]
    words = [compiler(), *FLAGS, *build.INCLUDES, f"-I{HERE}", *map(str, files), "-o", str(made)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"fuzz target {target.name}", f"clang refuses it: {done.stderr[-500:]}", "it needs clang's libFuzzer")
    return made


def run(target: Target, count: int, seed: int, directory: Path, into: Path) -> Shown:
    """Builds and runs a target in a directory of its own. What crashed it goes into `into`, with what was said."""
    given, corpus, log = (directory / f"{target.name}{what}" for what in ("-seeds", "-corpus", ".log"))
    for one in (given, corpus):
        one.mkdir()
    for name, data in target.seeds.items():
        (given / name).write_bytes(data)
    words = [f"-runs={count}", f"-seed={seed}", f"-max_len={LONGEST}", f"-timeout={SECONDS}", f"-rss_limit_mb={ROOM}"]
    words += ["-print_final_stats=1", f"-artifact_prefix={into}/{target.name}-"]
    with open(log, "wb") as said:
        done = subprocess.run([compiled(target, directory), *words, corpus, given], stdout=said, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    executed, covered = EXECUTED.search(text), COVERED.findall(text)
    number = int(executed[1]) if executed else 0
    what = f"fuzz target {target.name}"
    if done.returncode or number < count:
        telling = next((line for line in text.splitlines() if "ERROR" in line or "runtime error" in line), "")
        kept = shutil.copy(log, into)
        return Shown(what, False, f"status {done.returncode} after {number:,} executions: {telling}; see {kept}")
    return Shown(what, True, f"{number:,} executions, {len(target.seeds)} seeds, {covered[-1]} edges covered, 0 crashes")


def show(asked: Asked) -> Iterator[Shown]:
    """Runs every target, as many of them side by side as there are processors."""
    compiler()
    with tempfile.TemporaryDirectory(prefix="folklab-") as directory, ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda target: run(target, asked.count, asked.seed, Path(directory), asked.into), TARGETS)
