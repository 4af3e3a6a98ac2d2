"""Hypothesis's state machines: its choices, our runs, and failures handed back and forth."""
