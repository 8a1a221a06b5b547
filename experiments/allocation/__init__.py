"""How a process gets its memory."""
