"""Memory, virtual memory and swap."""
