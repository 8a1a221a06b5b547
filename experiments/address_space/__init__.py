"""The address space of a process."""
