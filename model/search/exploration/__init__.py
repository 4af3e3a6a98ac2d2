"""Exhaustive search: every reachable state, with less work where states or runs are equivalent."""
