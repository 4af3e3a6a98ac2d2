"""Judging by glances: each is asked once of a run, for all properties that bring it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from counterpoint.model.claims import Property
from counterpoint.model.glance import Glance, Look
from counterpoint.model.mistakes import AUTHORS_ERRORS, BadScenario, brief, place_of
from counterpoint.model.mistakes import told as told_of
from counterpoint.model.observer import Observation
from counterpoint.model.search.judgements import Ruling
from counterpoint.model.search.walks.carried import CarriedRulings


class Glanced:
    """The glances of some properties, in a search with these observations."""

    def __init__(self, properties: Sequence[Property], observations: Sequence[Observation]) -> None:
        self._properties = tuple(properties)
        glances = {id(p.glance): (p.name, p.glance) for p in properties if p.glance is not None}
        self._looks = [(name, _begun(name, g, observations)) for name, g in glances.values()]
        self._told: dict[tuple[frozenset[str], ...], CarriedRulings] = {}

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._looks)

    def told(self, seen: Sequence[int]) -> CarriedRulings:
        """Return what can be said of a history without asking any check."""
        return self._rulings(tuple(_held(name, look, seen) for name, look in self._looks))

    def following(self) -> Callable[[Sequence[int]], CarriedRulings]:
        """Begin a history that grows, and return what tells which properties are not broken by now.

        Those are ruled to hold, though the check may say that it has not seen enough. A look that
        cannot follow is asked of the whole history each time.
        """
        looks = [(name, _followed(look)) for name, look in self._looks]
        return lambda seen: self._rulings(tuple(_held(name, look, seen) for name, look in looks))

    def _rulings(self, held: tuple[frozenset[str], ...]) -> CarriedRulings:
        found = self._told.get(held)
        if found is None:
            names = frozenset[str]().union(*held)
            found = self._told[held] = tuple(
                Ruling(p.name, "holds") if p.glance is not None and p.name in names else None
                for p in self._properties
            )
        return found


def _begun(name: str, glance: Glance, observations: Sequence[Observation]) -> Look:
    """Begin a search with a glance that a property of this name brings.

    Raises:
        BadScenario: it raised, or gave no function.
    """
    try:
        look: object = glance.look(observations)
    except AUTHORS_ERRORS as error:
        raise BadScenario(
            f"the glance of property {name!r} raised {told_of(error)} ({place_of(error)}); {_RIGHT}"
        ) from error
    if not callable(look):
        raise BadScenario(f"the glance of property {name!r} returned {brief(look)}; {_RIGHT}")
    return look


_RIGHT = "`look` returns a function that names the properties which hold of a history"


def _followed(look: Look) -> Look:
    follow: Callable[[], Look] | None = getattr(look, "follow", None)
    return look if follow is None else follow()


def _held(name: str, look: Look, seen: Sequence[int]) -> frozenset[str]:
    try:
        held: object = look(seen)
    except AUTHORS_ERRORS:  # the checks, asked of the whole history, tell where and why
        return frozenset()
    if not isinstance(held, frozenset):
        raise BadScenario(
            f"the glance of property {name!r} says that {brief(held)} holds; right would be a "
            "frozenset of names"
        )
    return held
