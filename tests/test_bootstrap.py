"""bootstrap: what it refuses on systems made of stub commands, and its steps on a small project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What every system has, and what the lab needs of it.
BASE = [
    *("as", "cat", "dirname", "find", "flock", "ld", "mkdir", "mktemp", "mv", "readlink", "rm", "rmdir"),
    *("sh", "sleep", "tail", "touch", "tr", "true"),
]
NEEDED = ["cc", "free", "mke2fs", "mkswap", "setpriv", "qemu-system-x86_64"]


class System:
    """A system that has the commands in one directory and no others."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.calls = directory.parent / "calls"
        directory.mkdir()
        for name in [*BASE, *NEEDED]:
            target = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
            assert target, f"{name} is missing here: run bootstrap"
            (directory / name).symlink_to(Path(target).resolve() if name == "cc" else target)
        (directory / "python3").symlink_to(Path(sys.base_prefix, "bin/python3").resolve())
        self.stub("uname", '[ "$1" = -s ] && echo Linux || echo x86_64')
        self.stub("id", "echo 0")

    def stub(self, name: str, script: str) -> None:
        """A command that notes its call and then does what the script says."""
        self.remove(name)
        file = self.directory / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{script}\n')
        file.chmod(0o755)

    def remove(self, name: str) -> None:
        (self.directory / name).unlink(missing_ok=True)

    def called(self) -> list[str]:
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [call for call in calls if not call.startswith(("uname", "id"))]

    def bootstrap(self, project: Path, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [project / "bootstrap", "hello", *words],
            env={"PATH": str(self.directory)},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path / "bin")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    shutil.copy(ROOT / "bootstrap", directory)
    (directory / "probes").mkdir()
    (directory / "pyproject.toml").touch()
    return directory


def refusal(system: System, project: Path) -> str:
    """The one line with which bootstrap stops, having changed nothing."""
    status, output = system.bootstrap(project)
    assert status == 4
    assert output.count("\n") == 1
    assert sorted(path.name for path in project.iterdir()) == ["bootstrap", "probes", "pyproject.toml"]
    return output


@pytest.mark.parametrize("machine", ["i686", "riscv64"])
def test_another_processor(system: System, project: Path, machine: str) -> None:
    system.stub("uname", f'[ "$1" = -s ] && echo Linux || echo {machine}')
    line = refusal(system, project)
    assert machine in line
    assert "x86-64 or arm64" in line


def test_an_arm64_machine_gets_its_own_qemu(system: System, project: Path) -> None:
    system.stub("uname", '[ "$1" = -s ] && echo Linux || echo aarch64')
    system.remove("qemu-system-aarch64")
    system.stub("apt-get", '[ "$1" = update ] || { echo E: no such package; exit 100; }')
    assert system.bootstrap(project)[0] == 2
    assert system.called() == ["apt-get update", "apt-get install -y --no-install-recommends qemu-system-arm"]


@pytest.mark.parametrize("words", [("--arch", "arm64"), ("--arch=arm64",)])
def test_another_architecture_is_brought_when_a_command_names_it(system: System, project: Path, words: tuple[str, ...]) -> None:
    for name in ("qemu-system-aarch64", "aarch64-linux-gnu-gcc"):
        system.remove(name)
    venv = project / ".venv"
    (venv / "bin").mkdir(parents=True)
    for name in ("python", "invoke"):
        (venv / "bin" / name).write_text("#!/bin/sh\n")
        (venv / "bin" / name).chmod(0o755)
    (project / "probes/build").mkdir()
    for name in ("agent", "probe"):
        (project / "probes/build" / name).write_text("")
        (project / "probes/build" / name).chmod(0o755)
    (venv / ".installed").write_text(f"{project}\n")
    for name in (".built", ".kernel", ".allocators"):
        (venv / name).touch()
    system.stub("apt-get", "true")
    assert system.bootstrap(project, *words)[0] == 0
    packages = "qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    assert system.called() == ["apt-get update", f"apt-get install -y --no-install-recommends {packages}"]


def test_another_system(system: System, project: Path) -> None:
    system.stub("uname", "echo Darwin")
    line = refusal(system, project)
    assert "Darwin" in line
    assert "WSL2" in line


def test_without_the_right_to_install(system: System, project: Path) -> None:
    system.remove("qemu-system-x86_64")
    system.stub("apt-get", "exit 1")
    system.stub("id", "echo 1000")
    command = "apt-get update && apt-get install -y --no-install-recommends qemu-system-x86\n"
    assert refusal(system, project).endswith(f"ask its administrator to type: {command}")
    system.stub("sudo", "exit 1")
    assert refusal(system, project).endswith(f"ask its administrator to type: {command}")
    assert system.called() == ["sudo -n true"]


def test_through_sudo(system: System, project: Path) -> None:
    system.remove("qemu-system-x86_64")
    system.stub("id", "echo 1000")
    system.stub("sudo", 'if [ "$1" = -n ]; then shift; fi; exec "$@"')
    system.stub("apt-get", "echo broken mirror; exit 100")
    status, output = system.bootstrap(project)
    assert status == 4
    assert "broken mirror" in output
    assert "administrator" in output.splitlines()[-1]
    assert "apt-get update" in system.called()


def test_as_root_only_what_is_missing_is_installed(system: System, project: Path) -> None:
    system.remove("qemu-system-x86_64")
    system.remove("cc")
    system.stub("apt-get", '[ "$1" = update ] || { echo E: no such package; exit 100; }')
    status, output = system.bootstrap(project)
    assert status == 2
    assert "E: no such package" in output
    install = "apt-get install -y --no-install-recommends gcc libc6-dev qemu-system-x86"
    assert system.called() == ["apt-get update", install]


def test_fedora(system: System, project: Path) -> None:
    for name in ("qemu-system-x86_64", "cc", "python3"):
        system.remove(name)
    system.stub("dnf", "exit 1")
    assert refusal(system, project).endswith(
        "type: sudo dnf install python3 python3-devel gcc glibc-devel glibc-static qemu-system-x86-core\n"
    )
    assert system.called() == []


def test_arch(system: System, project: Path) -> None:
    for name in ("qemu-system-x86_64", "cc", "python3"):
        system.remove(name)
    system.stub("pacman", "exit 1")
    assert refusal(system, project).endswith("type: sudo pacman -S python gcc qemu-system-x86\n")
    assert system.called() == []


def test_no_package_manager(system: System, project: Path) -> None:
    system.remove("qemu-system-x86_64")
    assert "lacks" in refusal(system, project)


@pytest.mark.parametrize("manager", ["apt-get", "dnf", "pacman"])
def test_python_that_is_too_old(system: System, project: Path, manager: str) -> None:
    system.stub("python3", "echo old 3.9.2")
    system.stub(manager, "exit 1")
    line = refusal(system, project)
    assert "Python 3.10 or newer is needed, here is 3.9.2" in line
    assert "Debian 12" in line


def test_newer_python_beside_an_old_one_is_taken(system: System, project: Path) -> None:
    (system.directory / "python3").rename(system.directory / "python3.12")
    system.stub("python3", "echo old 3.9.2")
    system.stub("apt-get", "exit 1")
    (project / "pyproject.toml").write_text("broken")
    status, output = system.bootstrap(project)
    assert status == 2
    assert "making .venv with Python 3.1" in output
    assert "pip failed" in output


# The steps, on a project that has little to install


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project like this one, with invoke alone to install, set up once."""
    directory = tmp_path_factory.mktemp("a project")
    shutil.copy(ROOT / "bootstrap", directory)
    (directory / "pyproject.toml").write_text(
        '[project]\nname = "small"\nversion = "1"\ndependencies = ["invoke"]\n'
        "[project.optional-dependencies]\ntest = []\n[tool.setuptools]\npackages = []\n"
    )
    (directory / "tasks.py").write_text(
        "import os\nfrom invoke import task\n@task\ndef hello(c):\n    print('hello from', os.getcwd())\n"
        "@task\ndef test(c):\n    pass\n@task\ndef fail(c):\n    raise SystemExit(3)\n"
    )
    (directory / "probes").mkdir()
    (directory / "probes/build.py").write_text(
        "from pathlib import Path\nbuild = Path(__file__).parent / 'build'\nbuild.mkdir(exist_ok=True)\n"
        "for name in ('agent', 'probe'):\n    (build / name).touch(mode=0o755)\n"
    )
    (directory / "harness/machine/kernels").mkdir(parents=True)
    (directory / "harness/machine/kernels/find.py").write_text("import sys\nprint('a kernel:', *sys.argv[1:], file=sys.stderr)\n")
    (directory / "harness/machine/allocators.py").touch()
    assert "hello from" in run(directory)[1]
    return directory


def run(project: Path, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [project / "bootstrap", *(arguments or ["hello"])], cwd=cwd, text=True, capture_output=True, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


def test_second_call_does_nothing_again(small: Path, tmp_path: Path) -> None:
    assert run(small, cwd=tmp_path) == (0, f"hello from {tmp_path}\n", "")


def test_the_test_suite_gets_what_it_tries_once(small: Path) -> None:
    said = run(small, "test")[2]
    assert "a kernel: 5.10" in said
    assert "a kernel" not in run(small, "test")[2]
    assert "a kernel" not in run(small, "hello")[2]


def test_through_a_link(small: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(small / "bootstrap")
    done = subprocess.run([tmp_path / "link", "hello"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_status_is_that_of_the_command(small: Path) -> None:
    assert run(small, "fail")[0] == 3


def test_second_call_starts_four_small_programs_and_no_interpreter(small: Path) -> None:
    """What bootstrap adds to invoke itself: finding out where it lies, and two looks for what is newer."""
    done = subprocess.run(["sh", "-x", small / "bootstrap", "hello"], capture_output=True, text=True, check=True)
    words = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("+ ")]
    known = {
        "[",
        "set",
        "read",
        "exec",
        "ready",
        "installed",
        "built",
        "find_foreign",
        "foreign_ready",
    }  # of the shell's own, and functions
    started = [word for word in words if word not in known and "=" not in word]
    assert sorted(started) == ["dirname", "find", "find", "readlink"]


def test_changed_probe_is_built_and_no_more(small: Path) -> None:
    (small / "probes/new.c").write_text("")
    status, _, steps = run(small)
    assert (status, steps) == (0, "bootstrap: building the probes\n")
    assert run(small)[2] == ""


def test_lost_probe_is_built_again(small: Path) -> None:
    (small / "probes/build/agent").unlink()
    assert run(small)[2] == "bootstrap: building the probes\n"


def test_probe_that_cannot_be_built(small: Path) -> None:
    source = small / "probes/build.py"
    good = source.read_text()
    source.write_text("raise SystemExit('probe.c:1: no')")
    status, output, steps = run(small)
    assert (status, output) == (2, "")
    assert "probe.c:1: no" in steps
    source.write_text(good)
    assert run(small)[0] == 0


def test_interrupted_set_up_heals(small: Path) -> None:
    """As after a kill in the middle of pip."""
    (small / ".venv/.installed").unlink()
    (small / ".venv/.installing").touch()
    shutil.rmtree(next((small / ".venv/lib").glob("python*/site-packages/invoke")))
    status, _, steps = run(small)
    assert status == 0
    assert "making .venv" in steps
    assert run(small)[2] == ""


def test_changed_project_is_installed_again_once(small: Path) -> None:
    """Also when two notice it at once."""
    os.utime(small / "pyproject.toml")
    both = [
        subprocess.Popen([small / "bootstrap", "hello"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("updating .venv" in steps for _, steps in answers) == 1
    assert run(small)[2] == ""


def test_ci_runs_the_command_of_the_readme() -> None:
    text = (ROOT / ".ci/run").read_text()
    assert "./bootstrap test" in text
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 1
