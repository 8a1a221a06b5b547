"""Dropping caches by hand."""
