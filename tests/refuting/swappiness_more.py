"""swappiness-higher-swaps-more: 30 wins of 36 are beyond chance, and none in 12 rounds is not, whatever the others would be.
swappiness-higher-every-run: one round of 36 in which as many pages are swapped."""

from collections.abc import Sequence

from harness.false_evidence.made import Made

ROUNDS = 12


def made(wins: int, by: int = 0) -> Made:
    """Rounds that drift, each far from the last. wins: in how many 100 swaps more than 60; else `by` fewer."""
    rounds: Sequence[object] = [
        [["1", 0, 300 + drift], ["60 once more", 0, 9_000 + drift + (7 if number % 2 else -7)], ["0", 0, 0],
         ["100", 0, 9_000 + drift + (5 if number < wins else -by)], ["60", 0, 9_000 + drift],
         ["highest, told to go", 0, 15_000 + drift]]
        for number in range(ROUNDS) for drift in [-600 * number]]
    return Made(records={"rounds": rounds})


CONFIRMS = {"swappiness-higher-swaps-more": made(10), "swappiness-higher-every-run": made(12)}
REFUTES = {"swappiness-higher-swaps-more": made(0, by=5), "swappiness-higher-every-run": made(11)}
