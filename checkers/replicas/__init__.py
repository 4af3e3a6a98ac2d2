"""Replicas: what they make visible, in which order, and whether they come to agree."""
