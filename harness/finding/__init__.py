"""Finding claims by what a user types: words, settings, files, whole questions. Pure: it knows claims, and no machine."""
