"""Tokens that clients pay to each other, under omission faults and changes of role."""
