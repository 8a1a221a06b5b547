"""Lists on the terminal: claims, kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.cli.base import say
from harness.contents import ClaimEntry, Entry
from harness.linux import releases

if TYPE_CHECKING:
    from harness.machine.kernels.archive import Offer
    from harness.machine.kernels.kernel import Kernel


def claim_lines(found: Sequence[tuple[ClaimEntry, Entry]]) -> Iterator[str]:
    """Lists claims by section and experiment: id, known answers; the experiment's needs once."""
    section = experiment = ""
    for claim, one in sorted(found, key=lambda pair: (pair[0]["data"]["section"], pair[1]["data"]["experiment"])):
        its, asked = claim["data"], one["data"]
        if its["section"] != section:
            yield f"\n{its['section']}" if section else its["section"]
            section = its["section"]
        if asked["experiment"] != experiment:
            yield f"  {asked['experiment']}: {asked['question']} ({one['needs']})"
            experiment = asked["experiment"]
        yield f"    {its['claim']:40} {'; '.join(claim['known']) or 'no known answer'}"


def print_claims(found: Sequence[tuple[ClaimEntry, Entry]]) -> None:
    say("\n".join(claim_lines(found)))
    say(f"\n{len(found)} claims, {len({one['data']['experiment'] for _, one in found})} experiments")


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
