"""What `invoke oom` says of a kernel log: sentences, the claims that prove them, tables and pictures. Pure."""
