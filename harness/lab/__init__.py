"""What a procedure works with: the lab bench, sandboxes, probes, samples."""
