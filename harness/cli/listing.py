"""Lists on the terminal: claims, kernels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.claims.claim import Claim, Experiment
from harness.reports.wording import known_text, needs_text


def claim_lines(found: Sequence[tuple[Claim, Experiment]]) -> Iterator[str]:
    """Lists claims by section and experiment: id, known answers; the experiment's needs once."""
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


def kernel_lines(
    offered: Sequence[Any], fetched: Sequence[Any], installed: Sequence[Any], own: Sequence[Any], said: Callable[[Any], str]
) -> Iterator[str]:
    """Lists kernels of the archive (the newest of each series), fetched or not, of this host, of the user's own; the oldest
    first. said: whether a kernel boots here."""
    here = {kernel.release: kernel for kernel in fetched}
    series: dict[str, Any] = {}
    for one in [*fetched, *offered]:  # newest first
        series.setdefault(one.series, one)
    rest = [kernel for kernel in fetched if series[kernel.series] is not kernel]
    if series:
        yield "Of the archive (`invoke kernels.fetch SERIES` fetches one)"
    for one in sorted([*series.values(), *rest], key=lambda one: by_numbers(one.release)):
        if one.release in here:
            yield kernel_line(here[one.release].series, here[one.release], f"fetched, {said(here[one.release])}")
        else:
            yield f"  {one.series:12} {one.release:36} {one.size >> 20:4} MiB  not fetched; {one.suite} {one.version}"
    for title, kernels in (("On this host", installed), ("Your own (`invoke kernels.add PATH --label NAME`)", own)):
        if kernels:
            yield title
        for kernel in sorted(kernels, key=lambda one: by_numbers(one.release)):
            yield kernel_line(kernel.label if kernels is own else kernel.series, kernel, said(kernel))


def kernel_line(name: str, kernel: Any, said: str) -> str:
    return f"  {name:12} {kernel.release:36} {kernel.image.stat().st_size >> 20:4} MiB  {said}; {kernel.source}"


def by_numbers(release: str) -> tuple[list[int], str]:
    """The two numbers of a series, then the rest: enough to list kernels in order."""
    return [int(number) for number in re.findall(r"\d+", release)[:2]], release
