"""Lists on the terminal: claims, kernels."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.claims import Claim, Experiment, Known
from harness.needs import Needs


def width() -> int:
    return min(120, shutil.get_terminal_size((100, 24)).columns)


def wrapped(text: str, indent: str = "  ") -> str:
    return textwrap.fill(" ".join(text.split()), width(), initial_indent=indent, subsequent_indent=indent)


def known_text(known: Known) -> str:
    """"confirmed from 5.8 on, before 6.7, lru=mglru"."""
    parts = [known.verdict]
    if known.since:
        parts.append(f"since {known.since}")
    if known.until:
        parts.append(f"before {known.until}")
    parts += [f"{name}={value}" for name, value in known.settings.items()]
    return " ".join(parts)


def needs_text(needs: Needs) -> str:
    """What an experiment asks for beyond the ordinary, and what it changes."""
    parts = [f"{needs.memory >> 20} MiB"]
    if needs.cpus > 1:
        parts.append(f"{needs.cpus} processors")
    if needs.nodes > 1:
        parts.append(f"{needs.nodes} NUMA nodes")
    parts += [Path(path).name for path in needs.programs] + list(needs.files)
    if needs.system:
        parts.append("an installed system")
    if needs.changes:
        parts.append("changes " + ", ".join(needs.changes))
    return "; ".join(parts)


def claim_lines(found: Sequence[tuple[Claim, Experiment]]) -> Iterator[str]:
    """Claims by section and experiment: id, known answers; the experiment's needs once."""
    section = experiment = ""
    for claim, one in sorted(found, key=lambda pair: (pair[0].section, pair[1].name)):
        if claim.section != section:
            yield f"\n{claim.section}" if section else claim.section
            section = claim.section
        if one.name != experiment:
            yield f"  {one.name}: {one.question} ({needs_text(one.needs)})"
            experiment = one.name
        known = "; ".join(known_text(answer) for answer in claim.known) or "no known answer"
        yield f"    {claim.id:40} {known}"


def print_claims(found: Sequence[tuple[Claim, Experiment]]) -> None:
    for line in claim_lines(found):
        print(line)
    print(f"\n{len(found)} claims, {len({one.name for _, one in found})} experiments")


def print_kernels(offered: Sequence[Any], fetched: Sequence[Any], installed: Sequence[Any]) -> None:
    """Kernels that are fetched, lie on this host, or can be fetched (the newest of each series)."""
    for title, kernels in (("Fetched", fetched), ("On this host", installed)):
        if kernels:
            print(title)
        for kernel in kernels:
            size = kernel.image.stat().st_size >> 20
            print(f"  {kernel.series:6} {kernel.release:40} {size:4} MiB  {kernel.source}")
    here = {kernel.release for kernel in fetched}
    series: dict[str, Any] = {}
    for offer in offered:
        if offer.series not in series and offer.release not in here:
            series[offer.series] = offer
    if series:
        print("Can be fetched (invoke kernels.fetch SERIES)")
    for offer in series.values():
        print(f"  {offer.series:6} {offer.release:40} {offer.size >> 20:4} MiB  {offer.suite} {offer.version}")
