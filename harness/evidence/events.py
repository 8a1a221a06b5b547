"""The events of a recording, as data: which keys a line must have, by its kind. Other keys may stand beside them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Machine(TypedDict):
    """What every machine says of itself. boot: the kernel's boot id. page_size, memory: bytes."""

    name: str
    release: str
    version: str
    arch: str
    boot: str
    page_size: int
    memory: int
    cpus: int
    accelerator: str


class Start(TypedDict):
    """The machine and its settings as they were read back; of which experiment, in which version, and arm this is."""

    machine: Machine
    experiment: str
    version: int
    settings: dict[str, str | None]
    arm: str


class Timed(TypedDict):
    """A sample: nanoseconds of the machine's clock before and after it, and the text of each watched file."""

    began: int
    ended: int
    files: dict[str, str | None]


class Sample(Timed):
    """A sample at a named moment."""

    name: str


class Pages(TypedDict):
    """What a range or file looked like at a moment: entries of its pages in base64."""

    sample: str
    label: str
    kind: Literal["mincore", "pagemap"]
    data: str


class Record(TypedDict):
    """What a procedure noted under a name."""

    name: str
    value: Any


class Operation(TypedDict):
    """What a target was asked to do: errno, 0 if it succeeded; the first 200 bytes of the request's text."""

    operation: str
    text: str
    error: int


class End(TypedDict):
    """How it ended, and why."""

    status: Literal["ok", "skipped", "absent", "broken"]
    reason: str


KINDS: dict[str, Any] = {
    "start": Start,
    "idle": Timed,
    "series": Timed,
    "sample": Sample,
    "pages": Pages,
    "operation": Operation,
    "record": Record,
    "end": End,
}


def check(event: object) -> dict[str, Any]:
    """Gives an event that has what its kind must have. Raises ValueError for any other."""
    import msgspec  # only what reads a recording needs it

    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise ValueError("a line is no event")
    kind = event["event"]
    if kind in KINDS:
        try:
            msgspec.convert(event, KINDS[kind])
        except msgspec.ValidationError as error:
            raise ValueError(f"an event {kind} is not as its schema has it: {error}") from error
    return event
