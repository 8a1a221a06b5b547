"""The parts of `invoke faults`, in one table."""

from __future__ import annotations

from harness.faults import damage, ended, frozen, fuzz, injected, mutation, soak, typed
from harness.faults.shown import Part

PARTS: dict[str, Part] = {
    "damage": Part("damages of recordings, and as many of JSON files; what every reader of them says", 10_000, damage.show),
    "ended": Part("runs ended at random moments, in every way: nothing is left", 300, ended.show),
    "frozen": Part("times that QEMU is stopped at each of six moments of a run", 1, frozen.show),
    "fuzz": Part("executions of each fuzz target under ASan and UBSan (libFuzzer)", 10_000_000, fuzz.show),
    "injected": Part("times that each fault of a table is injected into a run", 1, injected.show),
    "mutation": Part("per cent of the mutants of the judging code that tests without a guest kill", 90, mutation.show),
    "soak": Part("trials in a row in one process", 1000, soak.show),
    "typed": Part("wrong command lines: one line each, and the status of wrong usage", 1000, typed.show),
}
