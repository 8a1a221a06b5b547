"""The command line: words → functions → lines and an exit status."""
