"""What runs one node of a system for real, without a clock, a socket or a file: the sans-I/O core."""
