"""Kernels for guests: found, fetched, described, and what a guest needs of them."""
