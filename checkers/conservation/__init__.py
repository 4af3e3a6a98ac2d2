"""Conservation: what is neither made nor lost, in every state and on every consistent cut."""

from counterpoint.checkers.conservation.check import check_conservation

__all__ = ["check_conservation"]
