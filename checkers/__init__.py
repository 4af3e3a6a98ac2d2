"""Judges: histories and traces in, verdicts with evidence out. They never print and never steer."""
