"""Page cache and write-back."""
