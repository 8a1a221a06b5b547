"""Cells → trials on machines → evidence."""
