"""Where memory is: zones, cache, buffers."""
