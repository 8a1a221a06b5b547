"""Reports: made from evidence and verdicts alone. Pure."""
