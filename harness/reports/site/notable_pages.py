"""The pages that single claims out: those that documents make, and the results that kernel developers would want to hear of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.claims.claim import REFUTED
from harness.reports.site.claim_page import ClaimPage
from harness.reports.wording import counted


@dataclass(frozen=True)
class NotablePages:
    """What both pages show. pages: of all claims that have a verdict here, in order; files: claim → the file of its page."""

    pages: Sequence[ClaimPage]
    files: Mapping[str, str]

    @property
    def otherwise(self) -> list[ClaimPage]:
        """Lists the claims of documents that some kernel contradicts: the refuted ones first."""
        found = [page for page in self.documented if page.refuted_anywhere]
        return sorted(found, key=lambda page: page.verdict != REFUTED)

    @property
    def as_written(self) -> list[ClaimPage]:
        """Lists the claims of documents that no kernel contradicts."""
        return [page for page in self.documented if not page.refuted_anywhere]

    @property
    def documented(self) -> list[ClaimPage]:
        return [page for page in self.pages if page.claim.document]

    @property
    def discoveries(self) -> list[ClaimPage]:
        return [page for page in self.pages if page.claim.discovery]

    @property
    def counted(self) -> str:
        """Says how many sentences of documents were asked, and of how many some kernel does otherwise."""
        many = counted(len(self.documented), "sentence")
        return f"{many} of documents put to the test; on some kernel or under some setting {len(self.otherwise)} do not hold."
