"""Majorities: any two of them share a member, which is all that the quorum protocols rest on."""

from __future__ import annotations


def majority(members: int) -> int:
    """Return the least number of members that meets every other group of that size.

    >>> majority(3), majority(4), majority(5)
    (2, 3, 3)
    """
    assert members > 0, f"a majority of {members} members"
    return members // 2 + 1


def tolerated(members: int) -> int:
    """Return how many members may fail while a majority is left.

    >>> tolerated(3), tolerated(4), tolerated(5)
    (1, 1, 2)
    """
    return members - majority(members)
