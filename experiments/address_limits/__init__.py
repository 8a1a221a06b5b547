"""Limits of address space."""
