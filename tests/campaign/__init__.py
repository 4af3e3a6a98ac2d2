"""Searches by several processes and over long times."""
