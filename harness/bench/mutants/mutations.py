"""The ways in which an experiment's source is broken, one at a time: a list that is the same for the same source. Pure.

Not broken is what could only be noticed, or never: a reading left out is missing by construction, two readings with nothing
between them read the same in either order, so do two operations that have no object in common, and what follows the last
reading touches none.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from harness.evidence.floor import role
from harness.linux import counters
from harness.linux.sizes import KIB

LEFT_OUT, HALVED, SWAPPED, EXCHANGED = "left out", "halved", "swapped", "exchanged"
KINDS = (LEFT_OUT, HALVED, SWAPPED, EXCHANGED)
# What only reads, checks or ends the trial, by the names of the calls.
INSTRUMENT = frozenset({"sample", "record", "require", "skip"})
# What only makes something that nobody has used yet: two of them in either order make the same.
MAKES = frozenset(
    {"mount", "mount_disk", "mount_ramfs", "mount_shm", "mount_tmpfs", "probe", "sandbox", "device", "open", "mq_open", "msgget"}
)
# What acts on the whole machine: whatever stands beside it may depend on it.
WHOLE_MACHINE = frozenset({"drop_caches", "sync", "sysctl", "swapon", "swapoff", "drain_lru", "kill_by_oom"})
# Methods that do something to the memory of a chain, as fill of `probe.map(SIZE).fill()`.
ON_REGION = frozenset({"fill", "read", "write", "lock", "unmap"})
UNITS = frozenset({"KIB", "MIB", "GIB"})
SMALLEST = 8 * KIB  # a size of two pages can be halved to one
LONGEST = 160  # characters of code in a name

# Counter file, as the published noise names it ("meminfo", "sandbox/memory.stat") → its keys on a kernel.
Keys = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Mutant:
    """One way in which an experiment is broken. name: what is broken, unlike any other of the experiment. source: its whole
    file. judged: the procedure is as it was, so that recorded evidence can be judged by it."""

    experiment: str
    name: str
    kind: str
    source: str
    judged: bool

    @property
    def digest(self) -> str:
        return digest_of(self.source)


def digest_of(source: str) -> str:
    """Gives a digest of code: neither layout nor comments nor docstrings are in it."""
    return hashlib.sha256(ast.dump(_bare(ast.parse(source))).encode()).hexdigest()[:16]


def _bare(tree: ast.Module) -> ast.Module:
    """Takes the docstrings out of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def mutants(experiment: str, source: str, sizes: Collection[str], keys: Keys) -> list[Mutant]:
    """Lists every mutant of an experiment's file, in the order of its code.

    sizes: the names of its constants that are sizes in bytes. keys: the counters of each file.
    """
    tree = ast.parse(source)
    acting = list(_acting(tree))
    breaks = [*_left_out(acting), *_halved(acting, sizes), *_swapped(acting), *_exchanged(tree, acting, keys)]
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for one in breaks:
        name = f"{one.kind}: {_short(one.what)}"
        seen[name] = number = seen.get(name, 0) + 1
        with one.made():
            text = ast.unparse(ast.fix_missing_locations(tree))
        found.append(Mutant(experiment, f"{name} (#{number})" if number > 1 else name, one.kind, text, one.judged))
    return found


def _short(what: str) -> str:
    line = " ".join(what.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


class Break(NamedTuple):
    """An edit of the tree: its kind, the code that it breaks, whether recorded evidence can be judged by it, and the field of
    a node that gets another content."""

    kind: str
    what: str
    judged: bool
    holder: ast.AST
    field: str
    new: object

    @contextmanager
    def made(self) -> Iterator[None]:
        """Makes the edit until the block ends."""
        old = getattr(self.holder, self.field)
        setattr(self.holder, self.field, self.new)
        try:
            yield
        finally:
            setattr(self.holder, self.field, old)


def _acting(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yields the procedure and the functions of the file that it uses, however far down."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    waiting, met = ["procedure"], set()
    while waiting:
        name = waiting.pop(0)
        if name in functions and name not in met:
            met.add(name)
            yield functions[name]
            waiting += [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]


def _called(node: ast.AST) -> set[str]:
    """Names what is called anywhere in some code."""
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return {
        func.attr if isinstance(func, ast.Attribute) else func.id for func in calls if isinstance(func, (ast.Attribute, ast.Name))
    }


def _bodies(functions: list[ast.FunctionDef]) -> Iterator[tuple[ast.AST, str, list[ast.stmt]]]:
    """Yields every block of statements, where it hangs, and under which field; of the procedure without what follows its
    last reading."""
    for function in functions:
        for node in ast.walk(function):
            for field in ("body", "orelse", "finalbody"):
                body = getattr(node, field, None)
                if isinstance(body, list) and body:
                    yield node, field, body[: _end(body)] if node is function and function.name == "procedure" else body


def _end(body: list[ast.stmt]) -> int:
    """Gives how many statements there are up to the last that may read: methods called behind it touch no reading."""
    end = len(body)
    while end and isinstance(last := body[end - 1], ast.Expr) and isinstance(last.value, ast.Call):
        arguments = [one for one in ast.walk(last) if isinstance(one, ast.Name) and one.id == "lab"]
        if _called(last) & INSTRUMENT or not isinstance(last.value.func, ast.Attribute) or len(arguments) > 1:
            break
        end -= 1
    return end


def _is_operation(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Expr, ast.Assign, ast.With)) and bool(_called(statement))


def _left_out(functions: list[ast.FunctionDef]) -> Iterator[Break]:
    """Leaves out a statement that acts, the last link of a chain on memory, or what a lambda does."""
    for holder, field, body in _bodies(functions):
        whole = getattr(holder, field)
        for index, one in enumerate(body):
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and not _called(one) & INSTRUMENT:
                rest = [*whole[:index], *whole[index + 1 :]] or [ast.Pass()]
                yield Break(LEFT_OUT, ast.unparse(one), False, holder, field, rest)
            for place, link in _children(one):
                if isinstance(link, ast.Lambda) and isinstance(link.body, ast.Call):
                    yield Break(LEFT_OUT, ast.unparse(link), False, link, "body", ast.Constant(None))
                elif (name := _last_link(link)) and isinstance(link, ast.Call) and isinstance(link.func, ast.Attribute):
                    yield _put(LEFT_OUT, f".{name}() of {ast.unparse(link)}", place, link.func.value)


def _last_link(node: ast.AST) -> str:
    """Names the last call of a chain on memory, "" if that is none."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        return node.func.attr if node.func.attr in ON_REGION else ""
    return ""


Place = tuple[ast.AST, str, "int | None"]


def _children(node: ast.AST) -> Iterator[tuple[Place, ast.AST]]:
    """Yields each expression below a statement, but not in the statements within it, with its place."""
    for field, value in ast.iter_fields(node):
        for number, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt):
                yield (node, field, number), child
                yield from _children(child)


def _put(kind: str, what: str, place: Place, new: ast.AST) -> Break:
    """Puts another expression in a place: the field of a node, or one of a list there."""
    holder, field, number = place
    old = getattr(holder, field)
    return Break(kind, what, False, holder, field, new if number is None else [*old[:number], new, *old[number + 1 :]])


def _halved(functions: list[ast.FunctionDef], sizes: Collection[str]) -> Iterator[Break]:
    """Halves one size where it is given to a call that acts."""
    for function in functions:
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or _called(call) & INSTRUMENT:
                continue
            for place, one in _arguments(call):
                if _is_size(one, sizes):
                    half = ast.BinOp(one, ast.FloorDiv(), ast.Constant(2))
                    yield _put(HALVED, f"{ast.unparse(one)} in {ast.unparse(call)}", place, half)


def _arguments(call: ast.Call) -> Iterator[tuple[Place, ast.expr]]:
    yield from (((call, "args", number), one) for number, one in enumerate(call.args))
    yield from (((one, "value", None), one.value) for one in call.keywords)


def _is_size(node: ast.expr, sizes: Collection[str]) -> bool:
    """Says whether an expression is a size: a constant of the file that is one, or arithmetic with such or with a unit."""
    if isinstance(node, ast.Name):
        return node.id in sizes
    parts = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    return isinstance(node, ast.BinOp) and any(one.id in sizes or one.id in UNITS for one in parts)


def _swapped(functions: list[ast.FunctionDef]) -> Iterator[Break]:
    """Puts two neighbours in the other order, of which at least one acts, unless the second needs what the first makes."""
    for holder, field, body in _bodies(functions):
        for index, (one, two) in enumerate(pairwise(body)):
            if not (_is_operation(one) and _is_operation(two)):
                continue
            first, second = _called(one), _called(two)
            reading = bool(first & INSTRUMENT) != bool(second & INSTRUMENT)
            both_make = first <= MAKES and second <= MAKES
            tied = _bound(one) & _names(two) or _bound(two) & _names(one)
            if (reading or _touch(one, two)) and not (both_make or tied):
                whole = getattr(holder, field)
                order = [*whole[:index], two, one, *whole[index + 2 :]]
                yield Break(SWAPPED, f"{_head(one)} ↔ {_head(two)}", False, holder, field, order)


def _touch(one: ast.stmt, two: ast.stmt) -> bool:
    """Says whether the order of two operations can matter: both do something, to one object or one of them to the machine."""
    if any(_called(each) & INSTRUMENT for each in (one, two)):
        return False
    common = _names(one) & _names(two) - {"lab"}
    objects = {name for name in common if not name.isupper() and name not in _called(one) | _called(two)}
    return bool(objects) or bool((_called(one) | _called(two)) & WHOLE_MACHINE)


def _head(statement: ast.stmt) -> str:
    """Gives a statement's first line, shortened: both of a pair are to be seen."""
    line = ast.unparse(statement).splitlines()[0]
    return line if len(line) <= LONGEST // 2 - 2 else f"{line[: LONGEST // 2 - 2]}…"


def _bound(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


_COUNTER = re.compile(rf"(?P<owner>(?:.*/)?)(?P<file>{'|'.join(map(re.escape, counters.FILES))}):(?P<key>[\w.()]+)")


def _exchanged(tree: ast.Module, functions: list[ast.FunctionDef], keys: Keys) -> Iterator[Break]:
    """Exchanges a counter for that of the same file, with the same unit, whose name is nearest."""
    acts = {id(node) for function in functions for node in ast.walk(function)}
    used = {node.id for function in functions for node in ast.walk(function) if isinstance(node, ast.Name)}
    for statement in tree.body:
        shared = isinstance(statement, ast.Assign) and bool(_bound(statement) & used)
        for node in ast.walk(statement):
            found = _COUNTER.fullmatch(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
            other = nearest(found["file"], found["key"], keys) if found else None
            if isinstance(node, ast.Constant) and found and other:
                judged = id(node) not in acts and not shared
                new = f"{found['owner']}{found['file']}:{other}"
                yield Break(EXCHANGED, f"{found[0]} → {other}", judged, node, "value", new)


def nearest(file: str, key: str, keys: Keys) -> str | None:
    """Gives the counter of a file whose name is most like another's, of those of the same unit; None if
    there is none, or if the file does not have that one (a name that is put together as it runs)."""
    unit = counters.unit_of(f"{file}:{key}")
    there = keys.get(role(f"{file}:{key}").partition(":")[0], ())
    alike = sorted(one for one in there if key in there and one != key and counters.unit_of(f"{file}:{one}") == unit)
    return max(alike, key=lambda one: difflib.SequenceMatcher(None, key, one).ratio(), default=None)
