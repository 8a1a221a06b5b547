"""The language in which an experiment is written, and its front door: `from harness.claims import …`.

A Claim is a statement, perhaps one that a Document makes. An Expect says which quantity decides it, in which range it falls
if the claim is true and in which if it is false, each with its reason, and which two references must read so. A Guard is a
condition without which a trial says nothing; a Premise is one that a claim's statement names; Besides is what else a reader
must know, as it was measured. A claim about a rate is decided by a count of Events against ranges of such counts (MoreThan,
Every). Needs and Settings describe the machine. An Experiment puts them together with its procedure, whose own front door
is harness.lab. Quantities read numbers of a trial's Recording; where they need more than a counter or a page state, the
parsers of harness.linux help them (counters, maps, trace_events, Types of the kernel's BTF).
"""

from harness.claims.address_space import MappedPages, SameFrames, Smaps, mappings, named_mappings
from harness.claims.claim import (
    CONFIRMED,
    FALSE,
    MECHANISM,
    RATE,
    REFUTED,
    SKIPPED,
    TRUE,
    UNDECIDED,
    AtLeast,
    AtMost,
    Besides,
    Claim,
    Document,
    Exactly,
    Expect,
    Experiment,
    Guard,
    Known,
    Not,
    Outside,
    Premise,
    Range,
    Within,
    known_by,
    of_small_pages,
)
from harness.claims.counter_file import CounterFile
from harness.claims.needs import DISK, SWAP, Disk, Needs
from harness.claims.outcomes import Errno, Faults, Result, Signal
from harness.claims.quantities import (
    PAGE_SIZE,
    Bound,
    Change,
    Counter,
    Derived,
    FromArm,
    Pages,
    Quantity,
    Recorded,
    Size,
    Still,
    pages,
)
from harness.claims.rates import Events, Every, MoreThan, Never, NoMoreThan, NotEvery, Once
from harness.claims.settings import Settings
from harness.claims.small import Case, Small, table
from harness.evidence.recording import Number, Recording, Trial
from harness.linux import counters, maps, trace_events
from harness.linux.btf import Types
from harness.linux.sizes import GIB, KIB, MIB

__all__ = [
    "CONFIRMED",
    "DISK",
    "FALSE",
    "GIB",
    "KIB",
    "MECHANISM",
    "MIB",
    "PAGE_SIZE",
    "RATE",
    "REFUTED",
    "SKIPPED",
    "SWAP",
    "TRUE",
    "UNDECIDED",
    "AtLeast",
    "AtMost",
    "Besides",
    "Bound",
    "Case",
    "Change",
    "Claim",
    "Counter",
    "CounterFile",
    "Derived",
    "Disk",
    "Document",
    "Errno",
    "Events",
    "Every",
    "Exactly",
    "Expect",
    "Experiment",
    "Faults",
    "FromArm",
    "Guard",
    "Known",
    "MappedPages",
    "MoreThan",
    "Needs",
    "Never",
    "NoMoreThan",
    "Not",
    "NotEvery",
    "Number",
    "Once",
    "Outside",
    "Pages",
    "Premise",
    "Quantity",
    "Range",
    "Recorded",
    "Recording",
    "Result",
    "SameFrames",
    "Settings",
    "Signal",
    "Size",
    "Small",
    "Smaps",
    "Still",
    "Trial",
    "Types",
    "Within",
    "counters",
    "known_by",
    "mappings",
    "maps",
    "named_mappings",
    "of_small_pages",
    "pages",
    "table",
    "trace_events",
]
