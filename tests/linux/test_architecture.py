"""Architectures are told apart and described by the architecture's own numbers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

import harness
from harness.errors import UsageError
from harness.linux import architecture
from harness.linux.architecture import ALL, Architecture

NUMBERS = """#include <fcntl.h>
#include <sys/syscall.h>
#ifdef SYS_mmap2
#define MAPS SYS_mmap2
#else
#define MAPS SYS_mmap
#endif
#ifdef SYS_clock_gettime64
#define CLOCK SYS_clock_gettime64
#else
#define CLOCK SYS_clock_gettime
#endif
"""


@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_found_by_both_of_its_names(one: Architecture) -> None:
    assert architecture.named(one.name) is architecture.of_machine(one.machine) is one
    assert architecture.board_of(one.board.qemu) is one.board


def test_this_host_is_one() -> None:
    assert architecture.of_host().machine == os.uname().machine
    assert architecture.of_host().compiler == "cc"


@pytest.mark.parametrize("name", ["s390x", "aarch64", ""])
def test_another_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="arm64"):
        architecture.named(name)


def test_a_machine_of_no_known_architecture() -> None:
    with pytest.raises(UsageError, match="riscv64"):
        architecture.of_machine("riscv64")


@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_numbers_are_those_of_its_c_library(one: Architecture, tmp_path: Path) -> None:
    if not shutil.which(one.compiler):
        pytest.skip(f"no {one.compiler}: install {one.compiler_packages}")
    source = tmp_path / "numbers.c"
    source.write_text(
        NUMBERS + "O_DIRECT SYS_brk MAPS SYS_pread64 SYS_pwrite64 SYS_read SYS_write SYS_writev SYS_getrusage CLOCK NUMBERS\n"
    )
    words = [one.compiler, "-D_GNU_SOURCE", "-E", "-P", str(source)]
    last = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    assert last.endswith(" NUMBERS")
    read = [int(word, 8 if word.startswith("0") else 10) for word in re.findall(r"\b\d+\b", last)]
    calls = one.calls
    assert read == [one.o_direct, *asdict(calls).values()]


@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_where_a_processor_stands_is_found(one: Architecture) -> None:
    said = {
        "qemu-system-x86_64": "RIP=ffffffff81a0 RFL=00000046\nSMM=0 HLT=1\n",
        "qemu-system-aarch64": " PC=ffff800080a0 X00=0000\n",
    }[one.board.qemu]
    found = re.search(one.board.registers, said, re.DOTALL)
    assert found
    assert found["at"].startswith("ffff")
    assert found.groupdict().get("halted", "1") == "1"


def test_nothing_else_names_a_register() -> None:
    """An event at a kernel's function that names x86's registers is refused on arm64, and was taken for a function that can't be
    probed there."""
    root = Path(harness.__file__).parent
    named = re.compile(r"%(?:[re]?(?:[abcd]x|[ds]i)|x[0-7])\b\)?(?::[su]\d|\))")
    found = [
        path for folder in (root, root.parent / "experiments") for path in folder.rglob("*.py") if named.search(path.read_text())
    ]
    assert found == []
    for line in ("looked=+40(%di):s32", "(+8(%cx)):s64", "order=%x1:s32"):
        assert named.search(line)
