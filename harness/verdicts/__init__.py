"""Evidence → verdicts. Pure: no machine, no root."""
