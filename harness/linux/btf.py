"""The kernel's own types, from its BTF (/sys/kernel/btf/vmlinux). Pure.

Format: Documentation/bpf/btf.rst (v6.12).
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from harness.errors import LabError

MAGIC = 0xEB9F
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF = range(1, 9)
FUNC_PROTO, VAR, DATASEC, DECL_TAG, ENUM64 = 13, 14, 15, 17, 19
# Bytes behind a type's first twelve: so many, or so many for each of its members.
FIXED = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}
EACH = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}


@dataclass(frozen=True)
class Type:
    """One type: reference: the type that it points to or renames (of a struct: its size); at: where its rest begins."""

    name: str
    kind: int
    members: int
    reference: int
    at: int


P = ParamSpec("P")
R = TypeVar("R")


def _told(method: Callable[P, R]) -> Callable[P, R]:
    """Has a method raise LabError for what is no BTF: an offset that leads out of it, a type that contains itself."""

    @functools.wraps(method)
    def told(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return method(*arguments, **named)
        except (ValueError, IndexError, struct.error, RecursionError) as error:
            raise LabError(
                "types of the kernel", f"no BTF, or it is damaged: {error}", "see Documentation/bpf/btf.rst"
            ) from error

    return told


class Types:
    """All types of a BTF file. Raises LabError for what is none, from every method where it is damaged further in."""

    @_told
    def __init__(self, data: bytes) -> None:
        magic, _, _, header, types, size, strings, _ = struct.unpack_from("<HBBIIIII", data)
        if magic != MAGIC:
            raise ValueError("it has another magic number")
        self._data, self._strings = data, header + strings
        self._types = list(self._read(header + types, header + types + size))

    def _name(self, offset: int) -> str:
        start = self._strings + offset
        return self._data[start : self._data.index(b"\0", start)].decode()

    def _read(self, at: int, end: int) -> Iterator[Type]:
        yield Type("void", 0, 0, 0, 0)  # type 0 is in no file
        while at < end:
            name, info, reference = struct.unpack_from("<III", self._data, at)
            kind, members = info >> 24 & 31, info & 0xFFFF
            at += 12
            yield Type(self._name(name), kind, members, reference, at)
            at += FIXED.get(kind, 0) + EACH.get(kind, 0) * members

    @_told
    def members(self, name: str) -> list[tuple[str, str]] | None:
        """Lists (name, type) of each member of a struct, those of its nameless parts too; None if there is no such struct."""
        found = next((one for one in self._types if one.kind == STRUCT and one.name == name), None)
        return None if found is None else list(self._members(found))

    def _members(self, of: Type) -> Iterator[tuple[str, str]]:
        for number in range(of.members):
            name, reference = struct.unpack_from("<II", self._data, of.at + 12 * number)
            kind = self._types[reference]
            if not name and kind.kind in {STRUCT, UNION}:
                yield from self._members(kind)
            else:
                yield self._name(name), self.spelled(reference)

    @_told
    def offset(self, name: str, member: str) -> int | None:
        """Gives where a struct has a member of its own, in bytes from its start; None if it has none of that name."""
        found = next((one for one in self._types if one.kind == STRUCT and one.name == name), None)
        for number in range(found.members if found else 0):
            text, _, bits = struct.unpack_from("<III", self._data, found.at + 12 * number)  # type: ignore[union-attr]
            if self._name(text) == member:
                return int(bits & 0xFFFFFF) // 8  # the upper byte is a bit field's width
        return None

    @_told
    def size(self, name: str) -> int | None:
        """Gives the size of a struct, in bytes."""
        return next((one.reference for one in self._types if one.kind == STRUCT and one.name == name), None)

    @_told
    def enumerators(self, name: str) -> list[tuple[str, int]] | None:
        """Lists (name, value) of an enum's members, in the order in which it names them; None if there is no such enum."""
        found = next((one for one in self._types if one.kind == ENUM and one.name == name), None)
        if found is None:
            return None
        pairs = (struct.unpack_from("<Ii", self._data, found.at + 8 * number) for number in range(found.members))
        return [(self._name(text), value) for text, value in pairs]

    @_told
    def spelled(self, number: int) -> str:
        """Spells a type as C writes it, as far as structures and pointers to them go."""
        one = self._types[number]
        if one.kind == PTR:
            return f"{self.spelled(one.reference)} *"
        if one.kind == ARRAY:
            return f"{self.spelled(struct.unpack_from('<I', self._data, one.at)[0])} []"
        if one.kind in {STRUCT, UNION, FWD}:
            return f"{'union' if one.kind == UNION else 'struct'} {one.name or '(nameless)'}"
        return one.name or (self.spelled(one.reference) if one.kind > TYPEDEF and one.kind not in EACH else "(nameless)")
