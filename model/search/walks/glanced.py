"""Judging by glances: each is asked once of a run, for all properties that bring it."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.model.claims import Property
from counterpoint.model.glance import Look
from counterpoint.model.mistakes import AUTHORS_ERRORS
from counterpoint.model.observer import Observation
from counterpoint.model.search.judgements import Ruling
from counterpoint.model.search.walks.carried import CarriedRulings


class Glanced:
    """The glances of some properties, in a search with these observations."""

    def __init__(self, properties: Sequence[Property], observations: Sequence[Observation]) -> None:
        self._properties = tuple(properties)
        glances = {id(p.glance): p.glance for p in properties if p.glance is not None}
        self._looks = [glance.look(observations) for glance in glances.values()]
        self._told: dict[tuple[frozenset[str], ...], CarriedRulings] = {}

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._looks)

    def told(self, seen: Sequence[int]) -> CarriedRulings:
        """Return what can be said of a history without asking any check."""
        held = tuple(_held(look, seen) for look in self._looks)
        found = self._told.get(held)
        if found is None:
            names = frozenset[str]().union(*held)
            found = self._told[held] = tuple(
                Ruling(p.name, "holds") if p.glance is not None and p.name in names else None
                for p in self._properties
            )
        return found


def _held(look: Look, seen: Sequence[int]) -> frozenset[str]:
    try:
        return look(seen)
    except AUTHORS_ERRORS:  # the checks, asked of the whole history, tell where and why
        return frozenset()
