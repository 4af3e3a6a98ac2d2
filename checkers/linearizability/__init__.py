"""Linearizability of any object: fast searches for a legal order, small reasons where is none."""

from counterpoint.checkers.linearizability.check import check_linearizability

__all__ = ["check_linearizability"]
