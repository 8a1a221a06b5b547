"""A session of mutants: what is planned, run or judged, kept, and told; it goes on where an earlier one stood."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from types import ModuleType

from harness import catalogue, errors, experiment_files, paths
from harness.bench.mutants import decoders, loading, reasons, trials
from harness.bench.mutants.mutations import KINDS, Keys, Mutant, digest_of
from harness.bench.mutants.trials import Notice, Sound
from harness.bench.schema import DecoderRow, MutantRow, MutantsFile
from harness.evidence import json_file
from harness.evidence.recording import Number, read_trials
from harness.machine.guest import accelerator
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet
from harness.run.cell import describe
from harness.verdicts import soundness
from harness.verdicts.judged import Judged, judge_trials

SCHEMA = 1
SAVED = 20.0  # seconds between two writings of the results


class Session:
    """The catalogue's mutants on one kernel, and what is known of them so far. evidence: where that of the sound experiments
    is kept; recorded: a run that has it already, of experiments whose source is the same."""

    def __init__(
        self,
        kernel: Kernel,
        modules: Sequence[ModuleType],
        into: Path,
        keys: Keys,
        evidence: Path,
        recorded: Path | None = None,
    ) -> None:
        self.kernel, self.keys, self.evidence, self.recorded = kernel, keys, evidence, recorded
        self.modules = {loading.name_of(module): module for module in modules}
        self.path = into / f"mutants-{kernel.series}.json"
        self.accelerated = accelerator.choose(kernel)[0]
        before: MutantsFile | None = json.loads(self.path.read_text()) if self.path.exists() else None
        self.rows: dict[str, MutantRow] = {row["digest"]: row for row in before["mutants"]} if before else {}
        self.decoders: list[DecoderRow] = before["decoders"] if before else []
        self.unsound: dict[str, str] = before["not run"] if before else {}
        self.references: list[str] = before["references"] if before else []
        self._sound: dict[str, Sound | None] = {}
        self._saved = time.monotonic()

    @cached_property
    def mutants(self) -> list[Mutant]:
        """Lists every mutant, in the order in which they are taken."""
        return loading.ordered([one for module in self.modules.values() for one in loading.mutants_of(module, self.keys)])

    def sound(self, name: str) -> Sound | None:
        """Gives an experiment as it is, run once; None where a trial decides nothing."""
        if name not in self._sound:
            experiment = loading.load(self.modules[name], inspect.getsource(self.modules[name]))
            kept = self._is_kept(name)
            if self.recorded and not kept:
                kept = trials.borrow(experiment, self.kernel, self.accelerated, self.recorded, self.evidence)
            found = trials.sound(experiment, self.kernel, self.accelerated, self.evidence, kept)
            self._sound[name] = None if isinstance(found, str) else found
            self.unsound.pop(name, None)
            if isinstance(found, str):
                self.unsound[name] = found
        return self._sound[name]

    def _is_kept(self, name: str) -> bool:
        """Says whether evidence of just this source lies in the run's directory, and notes that it does from now on."""
        self.evidence.mkdir(parents=True, exist_ok=True)
        note, digest = self.evidence / f"{name}.source", digest_of(inspect.getsource(self.modules[name]))
        kept = note.exists() and note.read_text() == digest
        note.write_text(digest)
        return kept

    def take(self, mutant: Mutant) -> MutantRow | None:
        """Runs or judges a mutant and keeps what came of it; None where its experiment decides nothing as it is."""
        before = self.sound(mutant.experiment)
        if before is None:
            return None
        try:
            experiment = loading.load(self.modules[mutant.experiment], mutant.source)
        except Exception as error:  # whatever the broken file raises
            notice: Notice | None = Notice(trials.BROKEN, f"{type(error).__name__}: {error}")
        else:
            notice = trials.mutated(before, experiment, self.evidence / "mutant", mutant.judged)
        row = self.rows[mutant.digest] = row_of(mutant, notice)
        if time.monotonic() - self._saved >= SAVED:
            self.save()
        return row

    def look_at_references(self) -> None:
        """Looks in what the sound experiments recorded for references that are 0 because nothing could count."""
        found = [one for name in self.modules if (one := self.sound(name))]
        self.references = [
            line
            for one in found
            for trial in read_trials(one.directory)
            for line in soundness.recorded(one.cell.experiment, trial)
        ]

    def break_decoders(self) -> None:
        """Judges what the sound experiments recorded with each decoder broken, and runs those that decode in a procedure."""
        found = [(name, one) for name in self.modules if (one := self.sound(name))]
        sources = {name: inspect.getsource(module) for name, module in self.modules.items()}
        as_they_are, uses = {}, {}
        for name, one in found:
            with decoders.watched() as uses[name]:
                as_they_are[name] = numbers(again(one))
        self.decoders = []
        for broken in decoders.broken():
            noticed, unnoticed = [], []
            for name, one in found:
                if (broken.runs not in sources[name]) if broken.runs else (broken.decoder not in uses[name]):
                    continue
                with broken.break_it():
                    try:
                        judged = trials.run(one.cell, self.evidence / "mutant") if broken.runs else again(one)
                    except errors.LabError:
                        raise
                    except Exception:  # whatever is made of a spoiled result
                        noticed.append(name)
                        continue
                if trials.noticed(one.verdicts, judged):
                    noticed.append(name)
                elif numbers(judged) != as_they_are[name]:
                    unnoticed.append(name)
            if noticed or unnoticed:
                self.decoders.append({"decoder": broken.decoder, "how": broken.how, "noticed": noticed, "unnoticed": unnoticed})

    def save(self) -> None:
        """Writes what is known of the mutants that there are."""
        there = {one.digest for one in self.mutants}
        self.rows = {key: row for key, row in self.rows.items() if key in there}
        self._saved = time.monotonic()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content: MutantsFile = {
            "schema": SCHEMA,
            "kernel": self.kernel.release,
            "series": self.kernel.series,
            "measured": datetime.now(timezone.utc).isoformat(timespec="minutes"),
            "there are": {kind: sum(one.kind == kind for one in self.mutants) for kind in KINDS},
            "not run": {name: why for name, why in sorted(self.unsound.items()) if name in self.modules},
            "references": self.references,
            "mutants": sorted(self.rows.values(), key=lambda row: (row["experiment"], row["mutant"])),
            "decoders": self.decoders,
        }
        json_file.write(self.path, content)


def row_of(mutant: Mutant, notice: Notice | None) -> MutantRow:
    return {
        "experiment": mutant.experiment,
        "mutant": mutant.name,
        "kind": mutant.kind,
        "digest": mutant.digest,
        "noticed": notice.way if notice else None,
        "why": notice.why if notice else "",
    }


def again(sound: Sound) -> Judged:
    """Judges a sound experiment's evidence anew."""
    return judge_trials(sound.directory, describe(sound.cell), sound.cell.experiment)


def numbers(judged: Judged) -> list[tuple[Number | None, ...]]:
    """Lists every number that was read of a cell's evidence."""
    return [
        (reading.value, reading.reads_true, reading.reads_false)
        for verdict in judged.verdicts
        for _, readings in verdict.readings
        for reading in readings
    ]


def line(row: MutantRow) -> str:
    """Tells what came of a mutant, for the terminal."""
    return f"{row['experiment']}: {row['mutant']}: {'noticed by ' + row['noticed'] if row['noticed'] else 'NOT NOTICED'}"


def run(kernel: Kernel, only: str, sample: int | None, into: Path, recorded: Path | None = None) -> int:
    """Runs or judges every mutant, or a sample, that no earlier session has; writes mutants-SERIES.json: SURPRISE where a
    survivor has no reason, a reason no survivor, or a reference can't count."""
    keys = loading.counters_of(kernel.series)
    evidence = paths.RUNS / f"mutants-{kernel.release}"
    session = Session(kernel, list(experiment_files.built_in()), into, keys, evidence, recorded)
    wanted = catalogue.find(only)[0].name if only else None
    planned = [one for one in session.mutants if wanted in {None, one.experiment}][:sample]
    left = [one for one in planned if one.digest not in session.rows]
    print(f"{len(planned)} mutants, {len(planned) - len(left)} of them known; evidence: {evidence}", flush=True)
    try:
        with fleet.running():
            for number, mutant in enumerate(left, 1):
                if row := session.take(mutant):
                    print(f"{number}/{len(left)} {line(row)}", flush=True)
            if not only:
                session.look_at_references()
                session.break_decoders()
    finally:
        session.save()
    wrong = list(unexplained(session))
    for one in wrong:
        print(one, flush=True)
    return errors.SURPRISE if wrong else errors.AS_KNOWN


def unexplained(session: Session) -> Iterator[str]:
    """Tells which survivors have no reason, which reasons no survivor, and which references can't count."""
    yield from session.references
    existing = {(one.experiment, one.name) for one in session.mutants}
    existing |= {(reasons.of_decoder(one.decoder), one.how) for one in decoders.broken()}
    known = {(row["experiment"], row["mutant"]): row["noticed"] is not None for row in session.rows.values()}
    known |= {(reasons.of_decoder(row["decoder"]), row["how"]): bool(row["noticed"]) for row in session.decoders}
    survivors = {which for which, noticed in known.items() if not noticed}
    yield from reasons.problems(reasons.read(), existing, survivors, known.keys() - survivors)
