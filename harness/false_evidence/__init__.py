"""Evidence made by hand, on which judges are tested."""
