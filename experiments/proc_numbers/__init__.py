"""What the numbers in /proc count."""
