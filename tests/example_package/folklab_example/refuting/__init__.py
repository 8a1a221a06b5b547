"""False evidence for the experiments of this package."""
