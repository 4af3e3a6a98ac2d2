"""A name that nothing has: said by everything that looks names up, and imported at no cost."""

from __future__ import annotations


class UnknownName(ValueError):
    """A system, scenario, mutant or setting that does not exist. The text lists those that do."""
