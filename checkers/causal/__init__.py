"""Causal consistency of reads and writes: the three levels, decided by vector clocks."""
