"""Causal consistency of reads and writes: the three levels, decided by vector clocks."""

from counterpoint.checkers.causal.check import check_causal

__all__ = ["check_causal"]
