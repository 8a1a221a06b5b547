"""Swap and swappiness."""
