"""The parts of the pytest plugin: its options, its effort, and what it makes of failures."""
