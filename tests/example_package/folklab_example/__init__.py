"""Experiments beside folklab's catalogue: one file a question, false evidence in refuting/, helpers begin with a "_"."""
