"""fork and copy on write."""
