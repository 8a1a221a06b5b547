"""Where the local machine's cgroup comes from, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import Unavailable
from harness.machine.host import cgroup
from harness.machine.host.journal import Journal

ROOT = Path(__file__).resolve().parents[3]
LINE = "30 24 0:26 / {at} rw shared:9 - {kind} {kind} rw\n"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that looks like a cgroup-v2 mount with the memory controller, on a system without systemd."""
    at = tmp_path / "cgroup"
    at.mkdir()
    (at / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (at / "cgroup.subtree_control").write_text("cpu\n")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(LINE.format(at=at, kind="cgroup2"))
    monkeypatch.setattr(cgroup, "MOUNTS", mounts)
    monkeypatch.setattr(cgroup, "SYSTEMD", tmp_path / "no-systemd")
    monkeypatch.setattr(cgroup, "USERS", tmp_path / "uid_map")
    (tmp_path / "uid_map").write_text("         0          0 4294967295\n")
    monkeypatch.setenv("FOLKLAB_STATE", str(tmp_path / "state"))
    return at


def with_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "SYSTEMD", tmp_path)
    monkeypatch.setattr(cgroup.shutil, "which", lambda name: f"/usr/bin/{name}")


def test_root_gets_a_delegated_scope(mounted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_systemd(tmp_path, monkeypatch)
    chosen = cgroup.choose("name", root=True)
    assert chosen.words[:2] == ("systemd-run", "--system")
    assert {"--scope", "Delegate=yes"} < set(chosen.words)
    assert (chosen.unit, chosen.manager, chosen.group) == ("name.scope", "system", "")


def test_a_user_with_a_session_gets_one_of_his_own(mounted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_systemd(tmp_path, monkeypatch)
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "private").touch()
    chosen = cgroup.choose("name", root=False, environment={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert chosen.words[:2] == ("systemd-run", "--user")
    assert chosen.manager == "user"


@pytest.mark.parametrize(("environment", "reason"), [({}, "XDG_RUNTIME_DIR"), ({"XDG_RUNTIME_DIR": "/nowhere"}, "no systemd")])
def test_a_user_without_is_told_what_to_type(
    mounted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], reason: str
) -> None:
    with_systemd(tmp_path, monkeypatch)
    with pytest.raises(Unavailable, match=f"{reason}.*sudo loginctl enable-linger"):
        cgroup.choose("name", root=False, environment=environment)


def test_without_systemd_a_plain_group_is_made_and_withdrawn(mounted: Path) -> None:
    chosen = cgroup.choose("name", root=True)
    assert chosen.group == str(mounted / "name")
    with Journal.begin() as journal:
        chosen.prepare(journal)
        assert (mounted / "name").is_dir()
    assert not (mounted / "name").exists()


def test_a_container_s_own_group_gives_nothing_away(mounted: Path) -> None:
    (mounted / "cgroup.type").write_text("domain\n")
    (mounted / "cgroup.procs").write_text("")
    assert cgroup.choose("name", root=True).group == str(mounted / "name")
    (mounted / "cgroup.procs").write_text("1\n12\n")
    with pytest.raises(Unavailable, match=f"processes in it.*{cgroup.CONTAINER}"):
        cgroup.choose("name", root=True)


def test_a_rootless_container_is_told_that_root_has_to_run_it(mounted: Path, tmp_path: Path) -> None:
    (tmp_path / "uid_map").write_text("         0       1000          1\n         1     100000      65536\n")
    with pytest.raises(Unavailable, match=f"have root run the container, with {cgroup.CONTAINER}.*--machine vm"):
        cgroup.choose("name", root=True)


def test_a_container_s_own_group_without_the_memory_controller(mounted: Path) -> None:
    (mounted / "cgroup.type").write_text("domain\n")
    (mounted / "cgroup.controllers").write_text("pids\n")
    with pytest.raises(Unavailable, match=f"own group, and the memory controller.*{cgroup.CONTAINER}"):
        cgroup.choose("name", root=True)


def test_the_docs_name_the_flags_that_are_shown() -> None:
    assert f"docker run {cgroup.CONTAINER} " in (ROOT / "docs/local.md").read_text()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("", "not mounted here"),
        (LINE.format(at="/nowhere", kind="cgroup2"), "memory controller is not in it"),
        (LINE.format(at="/sys/fs/cgroup/memory", kind="cgroup"), "not mounted here"),
    ],
)
def test_no_usable_hierarchy(lines: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=f"{reason}.*systemd.unified_cgroup_hierarchy=1.*--machine vm"):
        cgroup.hierarchy(lines or "\n")
