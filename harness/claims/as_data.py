"""A question as data: all that a judge needs of an experiment, so that its evidence can be judged without its file.

Whatever is declared (counters, pages, records, sums of them, ranges, reasons) is read from the raw evidence again. A number
that a function of the experiment's own computes can't be declared: its values in the run's trials are kept instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, NoReturn

from harness.claims.claim import Besides, Claim, Document, EventRange, Expect, Experiment, Guard, Known, Premise, Range
from harness.claims.names import parts, quantities_of
from harness.claims.needs import Disk, Needs
from harness.claims.quantities import Bound, Quantity
from harness.claims.rates import MAKERS, Events
from harness.claims.settings import Settings
from harness.errors import LabError
from harness.evidence import json_file
from harness.evidence.floor import Floor
from harness.evidence.recording import Number, Trial
from harness.evidence.schema import ComputedRow

FORMAT = 1
COMPUTED = "computed"


@dataclass(frozen=True)
class Kept(Quantity):
    """A number that a function of the experiment's computed in the run: its values by trial, each with its noise."""

    number: int  # among those of its experiment: two of one name are two
    title: str
    units: str
    values: tuple[tuple[int, Number | None, Number], ...]

    def read(self, trial: Trial) -> Number | None:
        return next((value for number, value, _ in self.values if number == trial.number), None)

    def noise(self, trial: Trial, floor: Floor) -> Number:
        return next((noise for number, _, noise in self.values if number == trial.number), 0)

    @property
    def name(self) -> str:
        return self.title

    @property
    def unit(self) -> str:
        return self.units


@dataclass(frozen=True)
class KeptEvents(Events):
    """The events of a rate that a function of the experiment's told apart in the run: how many, by trial."""

    number: int = 0
    values: tuple[tuple[int, Number | None, Number], ...] = ()

    def read(self, trial: Trial) -> Number | None:
        return next((value for number, value, _ in self.values if number == trial.number), None)


def not_here(_: object) -> NoReturn:
    """Takes the place of the procedure of an experiment that is known by its data only. Raises LabError: it can't be run."""
    raise LabError("procedure", "only the question of this experiment was kept as data", "name its folder with --experiments")


def is_kept(experiment: Experiment) -> bool:
    """Says whether an experiment is known by its data only."""
    return experiment.procedure is not_here


def kinds() -> dict[str, type[Quantity]]:
    """Maps name → kind of quantity, of those that the lab itself has."""

    def below(kind: type[Any]) -> Iterator[type[Any]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    return {kind.__name__: kind for kind in below(Quantity) if kind.__module__.startswith("harness.")}


def is_declared(what: object) -> bool:
    """Says whether a value is data: a quantity of the lab's own kinds, or a plain value, with nothing computed in it."""
    if isinstance(what, Quantity):
        return kinds().get(type(what).__name__) is type(what) and all(
            is_declared(getattr(what, field.name)) or isinstance(getattr(what, field.name), Quantity) for field in fields(what)
        )
    if isinstance(what, (tuple, list)):
        return all(is_declared(one) for one in what)
    return what is None or isinstance(what, (bool, int, float, str))


def computed(experiment: Experiment) -> list[Quantity]:
    """Lists the quantities that functions of the experiment's compute, in the order of their numbers in its data."""
    found: list[Quantity] = []

    def look(what: Quantity) -> None:
        if not is_declared(what):
            if what not in found:
                found.append(what)
            return
        for part in parts(what):
            look(part)

    for what in quantities_of(experiment):
        look(what)
    return found


def values(experiment: Experiment, trials: Sequence[Trial], floor: Floor) -> list[ComputedRow]:
    """Reads what functions of the experiment's compute in each trial."""
    rows: list[ComputedRow] = []
    for what in computed(experiment):
        of_trials: list[tuple[int, Number | None, Number]] = []
        for trial in trials:
            with suppress(Exception):  # a trial that no judge reads: it broke, or a guard made it invalid
                of_trials.append((trial.number, what.read(trial), what.noise(trial, floor)))
        rows.append({"quantity": what.name, "values": of_trials})
    return rows


class Writer:
    """Writes an experiment as data. computed: the quantities that are numbered instead."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.computed = experiment, computed(experiment)

    def document(self) -> dict[str, Any]:
        """Gives the whole question."""
        one = self.experiment
        claims = [{**asdict(claim), "known": [{**asdict(known)} for known in claim.known]} for claim in one.claims]
        return {
            "format": FORMAT,
            "name": one.name,
            "question": one.question,
            "words": one.words,
            "origin": one.origin,
            "version": one.version,
            "trials": one.trials,
            "rate": one.rate,
            "deadline": one.deadline,
            "arms": list(one.arms),
            "axes": {name: list(found) for name, found in one.axes.items()},
            "writes": list(one.writes),
            "needs": asdict(one.needs),
            "settings": asdict(one.settings),
            "claims": claims,
            "guards": [self._condition(guard) for guard in one.guards],
            "premises": [{"claim": premise.claim.id, **self._condition(premise)} for premise in one.premises],
            "besides": [
                {"claim": one.claim.id, "quantity": self._value(one.quantity), "holds": self._range(one.holds), "says": one.says}
                for one in one.besides
            ],
            "expects": [self._expect(expect) for expect in one.expects],
        }

    def _expect(self, one: Expect) -> dict[str, Any]:
        return {
            "claim": one.claim.id,
            "quantity": self._value(one.quantity),
            "if_true": self._range(one.if_true),
            "if_false": self._range(one.if_false),
            "reads_true": self._value(one.reads_true),
            "reads_false": self._value(one.reads_false),
            "says": one.says,
            "slack": one.slack,
            "reference_why": one.reference_why,
        }

    def _condition(self, one: Guard | Premise) -> dict[str, Any]:
        return {"quantity": self._value(one.quantity), "holds": self._range(one.holds), "why": one.why}

    def _range(self, one: Range) -> dict[str, Any]:
        if isinstance(one, EventRange):
            return {"maker": list(one.maker), "why": one.why}
        return {"low": self._value(one.low), "high": self._value(one.high), "why": one.why, "outside": one.outside}

    def _value(self, what: Any) -> Any:
        if isinstance(what, Quantity):
            if what in self.computed:
                number = self.computed.index(what)
                events = {"events": what.events} if isinstance(what, Events) else {}
                return {"is": COMPUTED, "number": number, "name": what.name, "unit": what.unit, **events}
            found = {field.name: self._value(getattr(what, field.name)) for field in fields(what)}
            return {"is": type(what).__name__, **found}
        return [self._value(one) for one in what] if isinstance(what, tuple) else what


def text_of(experiment: Experiment) -> bytes:
    """Gives a question as the bytes that a run keeps."""
    return (json_file.render(Writer(experiment).document()) + "\n").encode()


def _claim(data: Mapping[str, Any]) -> Claim:
    document = data.get("document")
    known = tuple(Known(**one) for one in data["known"])
    return Claim(**{**data, "known": known, "document": Document(**document) if document else None})


def digest(text: bytes) -> str:
    """Gives "sha256:…" of a question."""
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


class Reader:
    """Reads an experiment from its data. values: what the run computed, as cell.json keeps it."""

    def __init__(self, values: Sequence[ComputedRow]) -> None:
        self.values, self.kinds = values, kinds()

    def experiment(self, data: Mapping[str, Any]) -> Experiment:
        """Gives the experiment, without its procedure. Raises LabError for data of another version of the lab."""
        try:
            return self._experiment(data)
        except (KeyError, TypeError) as error:
            raise LabError(
                f"question of {data.get('name', 'a run')}",
                f"this version of the lab can't read it ({error})",
                "name the folder of its source with --experiments",
            ) from error

    def _experiment(self, data: Mapping[str, Any]) -> Experiment:
        claims = {one["id"]: _claim(one) for one in data["claims"]}
        needs = dict(data["needs"])
        lists = {name: tuple(value) for name, value in needs.items() if isinstance(value, list)}
        return Experiment(
            not_here,
            expects=tuple(
                Expect(
                    claims[one["claim"]],
                    self._quantity(one["quantity"]),
                    self._range(one["if_true"]),
                    self._range(one["if_false"]),
                    self._quantity(one["reads_true"]),
                    self._quantity(one["reads_false"]),
                    one["says"],
                    one["slack"],
                    one["reference_why"],
                )
                for one in data["expects"]
            ),
            guards=tuple(Guard(*self._condition(one)) for one in data["guards"]),
            premises=tuple(Premise(claims[one["claim"]], *self._condition(one)) for one in data["premises"]),
            besides=tuple(
                Besides(claims[one["claim"]], self._quantity(one["quantity"]), self._range(one["holds"]), one["says"])
                for one in data.get("besides", [])  # questions of older runs have none
            ),
            needs=Needs(**{**needs, **lists, "disks": tuple(Disk(**disk) for disk in needs["disks"])}),
            settings=Settings(**data["settings"]),
            writes=tuple(data["writes"]),
            arms=tuple(data["arms"]),
            axes={name: tuple(found) for name, found in data["axes"].items()},
            trials=data["trials"],
            rate=data["rate"],
            deadline=data["deadline"],
            version=data["version"],
            name=data["name"],
            question=data["question"],
            words=data["words"],
            origin=data["origin"],
        )

    def _condition(self, data: Mapping[str, Any]) -> tuple[Quantity, Range, str]:
        return self._quantity(data["quantity"]), self._range(data["holds"]), data["why"]

    def _range(self, data: Mapping[str, Any]) -> Range:
        if "maker" in data:
            name, *arguments = data["maker"]
            return MAKERS[name](*arguments, why=data["why"])
        return Range(self._bound(data["low"]), self._bound(data["high"]), data["why"], data["outside"])

    def _bound(self, data: Any) -> Bound | None:
        found: Bound | None = self._value(data)
        return found

    def _quantity(self, data: Any) -> Quantity:
        found = self._value(data)
        if not isinstance(found, Quantity):
            raise TypeError(f"{data!r} is no quantity")
        return found

    def _value(self, data: Any) -> Any:
        if isinstance(data, list):
            return tuple(self._value(one) for one in data)
        if not isinstance(data, dict):
            return data
        if data["is"] == COMPUTED:
            number = data["number"]
            kept = self.values[number]["values"] if number < len(self.values) else []
            of_trials = tuple((trial, value, noise) for trial, value, noise in kept)
            if "events" in data:
                return KeptEvents(data["name"], not_here, data["events"], data["unit"], "", number, of_trials)
            return Kept(number, data["name"], data["unit"], of_trials)
        return self.kinds[data["is"]](**{name: self._value(value) for name, value in data.items() if name != "is"})
