"""Random search: single walks, when they interfere, and campaigns of many."""
