"""The files of experiments: the catalogue's own, those of folders that a command names, those of installed packages.

A folder's files are modules of a package of its own, whatever its name: what lies beside them is imported as
`from .helper import …`, and two folders may have helpers of one name. A file without an experiment is a helper.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from types import ModuleType

import experiments
from harness.claims.claim import Experiment
from harness.errors import LabError, UsageError

GROUP = "folklab.experiments"  # of entry points
OWN = "own_experiments_"  # begins the names of packages that are made of folders
EVIDENCE = "refuting"  # the folder beside experiments that their false evidence lies in


@dataclass(frozen=True)
class Found:
    """An experiment and its file. root: the folder that its helpers lie below. module: its name in sys.modules."""

    experiment: Experiment
    file: Path
    root: Path
    module: str


@dataclass(frozen=True)
class Problem:
    """A file that is no experiment though it should be one, or one that is refused. names: what it would have been found
    by."""

    names: tuple[str, ...]
    error: UsageError


def built_in() -> Iterator[ModuleType]:
    """Yields the modules of the catalogue's own experiments."""
    for module in pkgutil.walk_packages(experiments.__path__, "experiments."):
        if not module.ispkg and module.name != "experiments.sections":
            yield importlib.import_module(module.name)


def of_catalogue() -> Iterator[Found]:
    """Yields the catalogue's experiments. Raises LabError for a file that has none."""
    root = Path(next(iter(experiments.__path__)))
    for module in built_in():
        file = Path(str(module.__file__))
        if not hasattr(module, "EXPERIMENT"):
            raise LabError(f"experiment {file}", "it defines no EXPERIMENT", "`CONTRIBUTING.md` shows how")
        yield Found(named(module, file, ""), file, root, module.__name__)


def of_directory(directory: Path, origin: str = "own file") -> Iterator[Found | Problem]:
    """Yields the experiments of a folder, in the order of their names, and what is wrong with its other files."""
    package = package_of(directory)
    for file in sorted(directory.glob("*.py")):
        if not file.name.startswith(("_", "test_", "conftest.")):
            yield from _of_module(f"{package}.{file.stem}", file, directory, f"{origin} {file.name}")


def of_file(file: Path) -> Experiment | Problem:
    """Loads one file's experiment, or, where it has a procedure alone, makes one of it that decides nothing yet."""
    name = f"{package_of(file.resolve().parent)}.{file.stem}"
    try:
        module = importlib.import_module(name)
        if not hasattr(module, "EXPERIMENT"):
            if not callable(getattr(module, "procedure", None)):
                raise LabError("EXPERIMENT", "it defines neither that nor a function `procedure(lab)`", "write one of them")
            module.EXPERIMENT = Experiment(module.procedure, expects=())  # type: ignore[attr-defined]
        return named(module, file, f"own file {file.name}")
    except (Exception, SystemExit) as error:
        return _problem(error, file, file.parent)


def of_module(name: str, file: Path, root: Path, origin: str) -> Experiment | None:
    """Loads the experiment of a module that is known to have one, by its name; None where it has none any more."""
    if name.startswith(OWN):
        package_of(root)
    return next((one.experiment for one in _of_module(name, file, root, origin) if isinstance(one, Found)), None)


def of_packages() -> Iterator[Found | Problem]:
    """Yields the experiments of installed packages: those that name a package in the entry point group."""
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.value):
        origin = f"package {entry.dist.name} {entry.dist.version}" if entry.dist else f"package {entry.value}"
        try:
            package = importlib.import_module(entry.value)
            root = Path(next(iter(package.__path__)))
        except (Exception, SystemExit) as error:
            yield Problem((), UsageError(f"{origin}: {entry.value}", _reason(error), "mend it, or uninstall the package"))
            continue
        for file in sorted(root.glob("*.py")):
            if not file.name.startswith(("_", "test_", "conftest.")):
                yield from _of_module(f"{package.__name__}.{file.stem}", file, root, origin)


def package_of(directory: Path) -> str:
    """Names the package that a folder's files are modules of, made if it is not there yet."""
    place = str(directory.resolve())
    name = f"{OWN}{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        sys.modules[name] = package = ModuleType(name)
        package.__path__ = [place]
    return name


def evidence_of(module: str, file: Path, root: Path) -> ModuleType | None:
    """Loads the false evidence beside an experiment that is not the catalogue's; None where there is none."""
    package = module.rpartition(".")[0]
    if package.startswith(OWN):
        package_of(root)
    if not (root / EVIDENCE / file.name).exists():
        return None
    try:
        return importlib.import_module(f"{package}.{EVIDENCE}.{file.stem}")
    except (Exception, SystemExit) as error:
        raise _problem(error, root / EVIDENCE / file.name, root).error from error


def named(module: ModuleType, file: Path, origin: str) -> Experiment:
    """Gives a module's experiment with its file's name; of the module's docstring the first line is the question, the rest
    the procedure in words."""
    question, _, words = (module.__doc__ or "").strip().partition("\n")
    experiment: Experiment = module.EXPERIMENT
    name = file.stem.replace("_", "-")
    return replace(experiment, name=name, question=question, words=" ".join(words.split()), origin=origin)


def _of_module(name: str, file: Path, root: Path, origin: str) -> Iterator[Found | Problem]:
    try:
        module = importlib.import_module(name)
        if isinstance(getattr(module, "EXPERIMENT", None), Experiment):
            yield Found(named(module, file, origin), file, root, name)
            return
        others = [one for one, value in vars(module).items() if isinstance(value, Experiment)]
        if others or hasattr(module, "EXPERIMENT"):
            reason = f"its experiment is called {others[0]}" if others else "its EXPERIMENT is no Experiment"
            raise LabError("EXPERIMENT", reason, "write EXPERIMENT = Experiment(…)")
    except (Exception, SystemExit) as error:
        yield _problem(error, file, root)


def _problem(error: BaseException, file: Path, root: Path) -> Problem:
    """Says in one line where a file could not be loaded, and why."""
    places = [
        (Path(frame.filename), frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve().is_relative_to(root.resolve())
    ]
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).exists():
        places.append((Path(error.filename), error.lineno))
    at, line = places[-1] if places else (file, None)
    inside = "" if at.resolve() == file.resolve() else f" (imported by {file.name})"
    remedy = "the other experiments go on"
    if isinstance(error, ModuleNotFoundError) and (root / f"{error.name}.py").exists():
        remedy = f"write: from .{error.name} import …"
    where = f"{at}{f', line {line}' if line else ''}{inside}"
    return Problem((file.stem.replace("_", "-"),), UsageError(f"experiment {where}", _reason(error), remedy))


def _reason(error: BaseException) -> str:
    if isinstance(error, LabError):
        return str(error)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}"


def sources(file: Path, root: Path) -> dict[str, bytes]:
    """Maps path below the root → content, of an experiment's file and all that it imports from there, in turn."""
    content: dict[str, bytes] = {}
    waiting = [file]
    while waiting:
        one = waiting.pop()
        name = one.relative_to(root).as_posix()
        if name not in content:
            content[name] = one.read_bytes()
            waiting += _imported(ast.parse(content[name]), one, root)
    return dict(sorted(content.items()))


def _imported(tree: ast.AST, file: Path, root: Path) -> Iterator[Path]:
    """Yields the files below the root that a module imports: relatively, or by the name of the root's own package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = file.parents[node.level - 1]
                words = (node.module or "").split(".") if node.module else []
            else:
                base, words = root.parent, (node.module or "").split(".")
            targets = [base.joinpath(*words), *(base.joinpath(*words, alias.name) for alias in node.names)]
        elif isinstance(node, ast.Import):
            targets = [root.parent.joinpath(*alias.name.split(".")) for alias in node.names]
        else:
            continue
        for target in targets:
            for path in (target.with_name(f"{target.name}.py"), target / "__init__.py"):
                if path.is_file() and path.is_relative_to(root):
                    yield path


def digest(content: dict[str, bytes]) -> str:
    """Gives "sha256:…" of files: of the only one itself, or of all their names and contents."""
    if len(content) == 1:
        return f"sha256:{hashlib.sha256(*content.values()).hexdigest()}"
    found = hashlib.sha256()
    for name, data in content.items():
        found.update(f"{name}\0{len(data)}\0".encode() + data)
    return f"sha256:{found.hexdigest()}"
