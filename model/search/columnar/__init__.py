"""Exhaustive search with numpy: whole levels of states as columns of machine words."""
