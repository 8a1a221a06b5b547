"""The published matrix: pages in git, made of the rows and plots of whole runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from harness.claims.claim import DECIDED, Claim, Experiment
from harness.errors import Damaged, UsageError
from harness.evidence import run_directory
from harness.evidence.schema import FailureRow, Row
from harness.linux import releases
from harness.reports import markdown
from harness.reports.comparison import history, kernel_picture, matrix_picture, notable, publication, run_noise
from harness.reports.comparison.index import Cells, Entry, index, kernel_table, sections
from harness.reports.comparison.page import page
from harness.reports.comparison.publication import PLOTS, Publication
from harness.reports.comparison.selection import Selection
from harness.reports.pictures import claim as picture
from harness.reports.wording import near, setting, surprises, tally
from harness.verdicts import run_cells

PAGES = "claims"
ERRATA = "errata.md"  # written by hand, and kept by every publication


def gather(runs: Sequence[Path]) -> Cells:
    """Collects the cells of runs; where several have the same one, the last run's stands."""
    found: dict[tuple[str, str, str], Entry] = {}
    broken: dict[tuple[str, str], FailureRow] = {}
    damaged: list[str] = []
    for run in runs:
        # What is not in the catalogue is an experiment of the user's own, or of another day.
        checked = list(run_cells.cells_of(run, unknown=True))
        damaged += [f"{run.name}: {cell.name}: {fault}" for cell in checked for fault in cell.faults]
        for one in (outcome for cell in checked if (outcome := cell.outcome())):
            asked = publication.asked(one.cell, one.experiment)
            for row in one.rows:
                axis = setting({name: row["settings"].get(name, "") for name in sorted(asked)})
                plot = run / PLOTS / picture.file_name(one.directory.name, one.experiment.name, row["claim"])
                told: Row = {**row, "why": near(row["why"]), "run": run.name}
                found[row["claim"], row["kernel"], axis] = Entry(told, plot, publication.plot_name(plot, row), asked)
            for failure in one.failures:
                broken[f"{one.experiment.name} {setting(one.cell['axis'])}", failure["kernel"]] = {
                    **failure,
                    "what": near(failure["what"]),
                }
    if not found and damaged:
        raise Damaged(f"runs {', '.join(run.name for run in runs)}", near(damaged[0]), "run what is damaged again")
    if not found:
        raise UsageError(f"runs {', '.join(run.name for run in runs)}", "they have no verdict", "`invoke matrix` makes one")
    in_order = sorted(found, key=lambda key: (key[0], releases.order(key[1]), key[2]))
    return Cells(
        tuple(found[key] for key in in_order),
        tuple(broken.values()),
        tuple(run_directory.read_environment(run) for run in runs),
        tuple(near(line) for line in damaged),
    )


def publish(
    runs: Sequence[Path],
    noisy: Sequence[Selection],
    to: Path,
    everything: bool = False,
    may_lose: bool = False,
    current: bool = False,
) -> Publication:
    """Adds the rows of these runs to the reference in `to` and updates those that it has, or makes it of them alone
    (`everything`), or of them and of those that are not outdated (`current`). Writes README.md, page and plots of each claim
    that has a row of these runs, kernels.json and verdicts.json; noise.json and noise.md of the runs `noisy`, if there are any.
    All else stays as it is. Without runs every page is written anew from the rows that are there.

    Raises UsageError where rows would be lost without `may_lose`.
    """
    made = publication.of(gather(runs) if runs else Cells((), (), (), ()), to, everything, may_lose, current)
    cells = made.cells
    for name in (PAGES, PLOTS):
        (to / name).mkdir(parents=True, exist_ok=True)
    if noisy:
        run_noise.write(noisy, to)
    told = sections(cells)
    for claim, experiment in told:
        if not runs or claim.id in made.touched or not (to / PAGES / f"{claim.id}.md").exists():
            write_page(claim, experiment, cells, to)
    notable.write(told, cells.rows, to)
    if everything or current:
        for path in {*(to / PAGES).iterdir()} - {to / PAGES / f"{claim.id}.md" for claim, _ in told}:
            path.unlink()
    remove_unlinked_plots(to)
    of_matrix = matrix_picture.draw(cells.rows, cells.kernels)
    (to / matrix_picture.NAME).write_text(of_matrix.svg, "utf-8")
    (to / "README.md").write_text(
        markdown.filled(
            "reference.md.j2",
            cells=cells,
            index=index(cells),
            picture=of_matrix,
            kernels=kernel_table(cells),
            noise=(to / run_noise.PAGE).exists(),
            errata=(to / ERRATA).exists(),
            tally=tally(cells.rows),
            surprises=surprises(cells.rows),
        ),
        "utf-8",
    )
    publication.write_kernels(to, cells)
    document = run_directory.document(Path("+".join(cells.runs)), cells.rows, cells.errors)
    run_directory.write_verdicts(to, document)
    return made


def write_page(claim: Claim, experiment: Experiment, cells: Cells, to: Path) -> None:
    """Writes a claim's page and its plots."""
    lines = history.of_claim(claim.id, cells.rows)
    told = page(claim, experiment, lines)
    over_kernels = kernel_picture.draw(claim, experiment, lines, told.names)
    if over_kernels:
        (to / PLOTS / f"{claim.id}.svg").write_text(over_kernels.svg, "utf-8")
    text = markdown.filled("claim.md.j2", page=told, pictures=copy_pictures(claim, cells, to), over_kernels=over_kernels)
    (to / PAGES / f"{claim.id}.md").write_text(text, "utf-8")


def remove_unlinked_plots(to: Path) -> None:
    """Removes the plots that no page shows any more."""
    pages = "".join(path.read_text("utf-8") for path in (to / PAGES).glob("*.md"))
    shown = {unquote(name) for name in re.findall(rf"\.\./{PLOTS}/([^)\s]+)", pages)}
    for path in (to / PLOTS).iterdir():
        if path.name not in shown:
            path.unlink()


def copy_pictures(claim: Claim, cells: Cells, to: Path) -> list[tuple[str, str, str]]:
    """Copies the pictures that tell a claim's story: of each verdict that it has, the one on the newest kernel; with what it is
    of, and what is seen on it."""
    own = sorted(
        (entry for entry in cells.entries if entry.row["claim"] == claim.id and entry.plot.exists()),
        key=lambda entry: (releases.order(entry.row["kernel"]), entry.name),
        reverse=True,
    )
    chosen: dict[str, Entry] = {}
    for entry in own:
        if entry.row["verdict"] in DECIDED:
            chosen.setdefault(entry.row["verdict"], entry)
    for entry in chosen.values():
        if entry.plot != to / PLOTS / entry.name:
            shutil.copyfile(entry.plot, to / PLOTS / entry.name)
    return [
        (entry.name, f"{verdict} on {entry.row['kernel']}", picture.alt_of(to / PLOTS / entry.name))
        for verdict, entry in chosen.items()
    ]
