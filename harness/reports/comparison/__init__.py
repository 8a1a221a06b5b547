"""Runs, kernels and settings beside each other."""
