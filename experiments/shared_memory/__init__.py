"""tmpfs, ramfs and shared memory."""
