"""Faults made on purpose: what comes of them is shown, never a wrong verdict. One part of `invoke faults` in each module."""
