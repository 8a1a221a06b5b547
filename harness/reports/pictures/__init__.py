"""Pictures that explain: one SVG for a claim of a cell, one for a claim over the kernels, one for a whole matrix."""
