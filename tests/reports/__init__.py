"""Reports of cells made by hand."""
