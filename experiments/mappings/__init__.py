"""What madvise, mmap and mremap do."""
