"""This host as a machine: its cgroup, what is changed of it, and how that is undone."""
