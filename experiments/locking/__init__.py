"""Locked memory."""
