"""The reference systems, and their deliberately wrong variants."""
