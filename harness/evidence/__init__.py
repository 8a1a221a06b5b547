"""What trials recorded, on disk: recordings, and the run directory that they lie in."""
