"""Explorations for the command line: rounds of more and more faults, their figures, their ends."""
