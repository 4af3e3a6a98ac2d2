"""Measurements: `make bench` runs them all, prints a table and writes the figures as JSON."""
