"""Other IPC."""
