"""Running out of memory."""
