"""Where memory is: zones, cache, buffers."""

# Real tools as witnesses: both travel in one guest, so that it is booted once for all.
TOOLS = ("/usr/bin/free", "/usr/sbin/mke2fs")
