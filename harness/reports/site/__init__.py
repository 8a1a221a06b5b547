"""The static site: pages that show what claims say, what was measured, and what became of the text that began it all."""
