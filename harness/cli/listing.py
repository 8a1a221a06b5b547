"""Lists on the terminal: claims, kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.claims.claim import Claim, Experiment
from harness.cli.base import say
from harness.linux import releases
from harness.reports.wording import known_text, needs_text

if TYPE_CHECKING:
    from harness.machine.kernels.archive import Offer
    from harness.machine.kernels.kernel import Kernel


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
        say(line)
    say(f"\n{len(found)} claims, {len({one.name for _, one in found})} experiments")


def kernel_lines(
    offered: Sequence[Offer],
    fetched: Sequence[Kernel],
    installed: Sequence[Kernel],
    own: Sequence[Kernel],
    said: Callable[[Kernel], str],
) -> Iterator[str]:
    """Lists kernels of the archive (the newest of each series and flavour), fetched or not, of this host, of the user's own;
    the oldest first. said: whether a kernel boots here."""
    found = [(one.release, kernel_line(one.label, one, f"fetched, {said(one)}")) for one in fetched]
    there = {one.label for one in fetched}
    for offer in offered:  # newest first
        if offer.name not in there:
            there.add(offer.name)
            found.append((offer.release, offer_line(offer)))
    if found:
        yield "Of the archive (`invoke kernels.fetch NAME` fetches one)"
    for _, line in sorted(found, key=lambda pair: releases.order(pair[0])):
        yield line
    for title, kernels in (("On this host", installed), ("Your own (`invoke kernels.add PATH --label NAME`)", own)):
        if kernels:
            yield title
        for kernel in sorted(kernels, key=lambda one: releases.order(one.release)):
            yield kernel_line(kernel.label if kernels is own else kernel.series, kernel, said(kernel))


def offer_line(offer: Offer) -> str:
    """Describes a kernel that can be fetched."""
    return f"  {offer.name:12} {offer.release:36} {offer.size >> 20:4} MiB  not fetched; {offer.suite} {offer.version}"


def kernel_line(name: str, kernel: Kernel, said: str) -> str:
    """Describes a kernel that is here."""
    return f"  {name:12} {kernel.release:36} {kernel.image.stat().st_size >> 20:4} MiB  {said}; {kernel.source}"
