"""The language in which an experiment is written."""
