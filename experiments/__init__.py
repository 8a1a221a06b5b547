"""One question per file: claims, procedure, expectations."""
