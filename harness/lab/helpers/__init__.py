"""What several procedures have in common, a module for each subject."""
