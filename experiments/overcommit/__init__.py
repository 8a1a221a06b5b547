"""Overcommit."""
