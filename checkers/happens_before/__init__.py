"""Happens-before: which events can have influenced which, as a graph and as clocks."""
