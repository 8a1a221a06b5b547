"""Transparent huge pages."""
