"""What a request would change of a host: noted first, or refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import catalogue
from harness.claims.needs import DISK, Disk, Needs
from harness.errors import Skip
from harness.linux.sizes import GIB, MIB
from harness.machine.host import journal, permissions, write_guard
from harness.machine.host.journal import Journal
from harness.machine.host.permissions import Permissions, why_not
from harness.machine.host.write_guard import WriteGuard

GROUPS = "/sys/fs/cgroup/name.scope/lab"


@pytest.fixture
def entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("FOLKLAB_STATE", str(tmp_path))
    return Journal.begin()


def noted(entered: Journal) -> list[str]:
    with open(entered.path) as file:
        return [change.kind for change in journal.read(file)[1]]


CHANGING = [
    ("put", "/proc/sys/vm/swappiness\0000", ["setting"]),
    ("put", "/proc/sys/vm/drop_caches\0001", []),
    ("swapon", "/dev/loop3", ["swap"]),
    ("mkdir", f"{write_guard.TRACING}/instances/wakes", ["instance"]),
]


@pytest.mark.parametrize(("operation", "text", "kinds"), CHANGING)
def test_a_change_is_refused_or_noted_before_it_is_made(entered: Journal, operation: str, text: str, kinds: list[str]) -> None:
    with pytest.raises(Skip, match="--allow-host-changes"):
        WriteGuard(entered, GROUPS, allowed=False).before(operation, text.encode())
    assert noted(entered) == []
    WriteGuard(entered, GROUPS, allowed=True).before(operation, text.encode())
    assert noted(entered) == kinds


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("put", f"{GROUPS}/box/memory.max\0001000"),
        ("put", "/sys/fs/cgroup/name.scope/cgroup.subtree_control\0+memory"),
        ("put", "/proc/12/oom_score_adj\0005"),
        ("put", "/proc/sys/vm/stat_refresh\0001"),
        ("mkdir", "/mnt/disk"),
        ("put", "/proc/sys/kernel/shm_rmid_forced\0001"),
        ("malloc", ""),
        ("mount", "tmpfs\0/mnt/tmpfs"),
    ],
)
def test_what_is_the_machine_s_own_is_free(entered: Journal, operation: str, text: str) -> None:
    WriteGuard(entered, GROUPS, allowed=False).before(operation, text.encode())
    assert noted(entered) == []


def test_a_swap_file_is_noted_with_the_disk_that_only_the_machine_has_mounted(entered: Journal) -> None:
    looking = WriteGuard(entered, GROUPS, allowed=True)
    looking.before("mount", b"/dev/loop3\0/mnt/disk\0ext4\0")
    looking.before("mount", b"tmpfs\0/mnt/tmpfs\0tmpfs\0")
    looking.before("swapon", b"/mnt/disk/a/swapfile\0")
    looking.before("swapon", b"/dev/loop4\0")
    with open(entered.path) as file:
        assert [(change.place, change.before) for change in journal.read(file)[1]] == [
            ("/mnt/disk/a/swapfile", "/dev/loop3 a/swapfile"),
            ("/dev/loop4", ""),
        ]


def test_what_cannot_be_undone_is_never_done(entered: Journal) -> None:
    with pytest.raises(Skip, match="can't be undone"):
        WriteGuard(entered, GROUPS, allowed=True).before("insmod", b"/tmp/module.ko")


def test_the_options_of_cgroup2_are_the_whole_hosts(entered: Journal) -> None:
    with pytest.raises(Skip, match=r"cgroup2.s mount.*--machine vm"):
        WriteGuard(entered, GROUPS, allowed=True).before("mount", b"cgroup2\0/sys/fs/cgroup\0cgroup2\0nsdelegate\0")


@pytest.mark.parametrize(
    ("needs", "allowed", "reason"),
    [
        (Needs(changes=("drop_caches",)), Permissions(), "drop_caches.*--allow-host-changes"),
        (Needs(changes=("drop_caches",)), Permissions(changes=True), None),
        (Needs(throwaway=True), Permissions(changes=True), "--throwaway-host"),
        (Needs(throwaway=True), Permissions(changes=True, throwaway=True), None),
        (Needs(throwaway=True, memory=16 * MIB), Permissions(changes=True, throwaway=True), "a guest has that size"),
        (Needs(memory=1 << 50), Permissions(), "a guest has them"),
        (Needs(nodes=512), Permissions(), "512 NUMA nodes"),
        (Needs(append="no_such_word"), Permissions(), "no_such_word"),
        (Needs(), Permissions(), None),
        (Needs(disks=(DISK, Disk("slow", "swap", GIB, rate=MIB))), Permissions(changes=True), "limited speed"),
    ],
)
def test_why_an_experiment_is_not_run_here(
    needs: Needs, allowed: Permissions, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions.os, "geteuid", lambda: 0)
    found = why_not(needs, allowed)
    assert found is None if reason is None else re.search(reason, found or ""), found


def test_who_kills_others_or_empties_the_memory_runs_on_no_host_that_must_live() -> None:
    for experiment in catalogue.load().values():
        if experiment.needs.throwaway:
            assert why_not(experiment.needs, Permissions(changes=True))
