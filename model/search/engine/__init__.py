"""The compiled form of a scenario: what can happen, and what comes of it, as small integers."""
