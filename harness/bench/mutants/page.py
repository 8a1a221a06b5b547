"""What is said of mutants: the share that is noticed, for results/bench/README.md, and mutants.md with every survivor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.bench.mutants import reasons
from harness.bench.mutants.mutations import EXCHANGED, HALVED, LEFT_OUT, SWAPPED
from harness.bench.mutants.reasons import Reason, Which
from harness.bench.mutants.trials import WAYS
from harness.bench.schema import MutantsFile
from harness.linux import releases

LEAST = 0.9  # of the mutants that mean something else
HEAD = ("kernel", "what is broken", "broken, of", "noticed", "equivalent", "noticed of the others", "by what", "limit")
MEANS = {
    LEFT_OUT: "an operation left out",
    HALVED: "a size halved",
    SWAPPED: "two neighbouring operations swapped",
    EXCHANGED: "a counter exchanged for another of its file",
}
DECODER = "a decoder"


@dataclass(frozen=True)
class Share:
    """How many mutants of a kind were run, of how many, noticed by whom, and how many of the others are equivalent."""

    there: int
    run: int
    noticed: Mapping[str, int]
    equivalent: int

    @property
    def found(self) -> int:
        return sum(self.noticed.values())

    @property
    def of_others(self) -> float | None:
        """Gives the share that is noticed of those that mean something else than what they were made from."""
        others = self.run - self.equivalent
        return self.found / others if others else None

    def __add__(self, other: Share) -> Share:
        return Share(
            self.there + other.there,
            self.run + other.run,
            Counter(self.noticed) + Counter(other.noticed),
            self.equivalent + other.equivalent,
        )


def shares(found: MutantsFile, known: Mapping[Which, Reason]) -> dict[str, Share]:
    """Maps kind → share."""

    def equivalent(survivors: Collection[Which]) -> int:
        return sum(known[which]["equivalent"] for which in survivors if which in known)

    made = {}
    for kind, title in MEANS.items():
        rows = [row for row in found["mutants"] if row["kind"] == kind]
        survivors = [(row["experiment"], row["mutant"]) for row in rows if row["noticed"] is None]
        ways = Counter(row["noticed"] for row in rows if row["noticed"])
        made[title] = Share(found["there are"].get(kind, 0), len(rows), ways, equivalent(survivors))
    broken = found["decoders"]
    lost = [(reasons.of_decoder(row["decoder"]), row["how"]) for row in broken if not row["noticed"]]
    made[DECODER] = Share(len(broken), len(broken), Counter({"a verdict": len(broken) - len(lost)}), equivalent(lost))
    return made


def rows(found: MutantsFile, known: Mapping[Which, Reason]) -> Iterator[list[str]]:
    """Yields the lines of one kernel: each kind, and all that is of an experiment together."""
    by_kind = shares(found, known)
    experiments = sum((by_kind[title] for title in MEANS.values()), Share(0, 0, {}, 0))
    for title, share in [*by_kind.items(), ("experiments, all together", experiments)]:
        order = [way for way in WAYS if way in share.noticed] or list(share.noticed)
        yield [
            found["series"],
            title,
            f"{share.run}, {share.there}",
            f"{share.found}{percent(share.found / share.run if share.run else None)}",
            str(share.equivalent),
            percent(share.of_others).strip(" ()") or "–",
            ", ".join(f"{way} {share.noticed[way]}" for way in order),
            f"at least {LEAST:.0%}: {'met' if (share.of_others or 0) >= LEAST else '**missed**'}".replace("%", " %"),
        ]


def percent(share: float | None) -> str:
    return "" if share is None else f" ({share * 100:.1f} %)"


def read(directory: Path) -> list[MutantsFile]:
    """Reads what is known of each kernel's mutants, oldest kernel first."""
    found: list[MutantsFile] = [json.loads(path.read_text("utf-8")) for path in directory.glob("mutants-*.json")]
    return sorted(found, key=lambda one: releases.order(one["series"]))


def survivors(found: Sequence[MutantsFile], known: Mapping[Which, Reason]) -> str:
    """Writes mutants.md: of each kernel the survivors by their reasons, and the experiments that a broken decoder escapes."""
    parts = [
        "# Mutants that nobody notices\n\nMade by `invoke bench --mutants`; [docs/bench.md](../../docs/bench.md) says what a "
        "mutant is.\n"
    ]
    for one in found:
        parts.append(f"## {one['series']}\n\n{one['kernel']}, {one['measured']}.\n")
        lost = [(row["experiment"], row["mutant"]) for row in one["mutants"] if row["noticed"] is None]
        lost += [(reasons.of_decoder(row["decoder"]), row["how"]) for row in one["decoders"] if not row["noticed"]]
        by_reason: dict[str, list[Which]] = {}
        for which in lost:
            reason = known.get(which)
            text = "No reason is known." if reason is None else ("Equivalent: " if reason["equivalent"] else "") + reason["why"]
            by_reason.setdefault(text, []).append(which)
        for text, those in by_reason.items():
            parts.append(f"{text}\n\n" + "\n".join(f"- {experiment}: `{name}`" for experiment, name in those) + "\n")
        pairs = [(len(row["noticed"]), len(row["unnoticed"])) for row in one["decoders"]]
        if pairs:
            noticed, unnoticed = map(sum, zip(*pairs, strict=True))
            parts.append(
                f"Broken decoders changed what was read in {noticed + unnoticed} cases (a decoder, a way, an experiment); in "
                f"{noticed} of them{percent(noticed / (noticed + unnoticed))} the experiment itself noticed.\n"
            )
        parts += [f"{line}.\n" for line in one["references"]]
        parts += [f"Not broken, since one trial decides nothing: {name} ({why}).\n" for name, why in one["not run"].items()]
    return "\n".join(parts)
