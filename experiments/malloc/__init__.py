"""The allocators of C programs."""
