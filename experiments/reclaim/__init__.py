"""Automatic reclaim."""
