"""Digests of the worlds of one run: what a world shares with the one before is not written again.

A step changes one node and a few messages; all else are the same objects. So the text of a digest is
put together from texts that are kept from world to world, and is that of `forms.world_form`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2s
from typing import TypeVar

from counterpoint.model.forms import conditions_form, node_state_form
from counterpoint.model.values import Json, canonical, json_text
from counterpoint.model.world import Flight, World

PartT = TypeVar("PartT")


class WorldDigests:
    """Digests worlds that follow each other. Any world may be asked for; near ones cost little."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str]] = {}
        self._now: dict[int, tuple[object, str]] = {}

    def digest(self, world: World) -> str:
        """Return `digest_of(world_form(world))`."""
        nodes = zip(world.scenario.system.nodes, world.node_states, strict=True)
        states = sorted((name, self._text(state, node_state_form)) for name, state in nodes)
        flights = [self._text(flight, _flight_form) for flight in world.flights]
        if world.scenario.network == "unordered":
            flights.sort()
        held = [self._text(flight, _flight_form) for flight in world.held]
        conditions = self._text(world.conditions, conditions_form)
        named = ",".join(f"{json_text(name)}:{text}" for name, text in states)
        text = (
            f'{{"conditions":{conditions},"flights":[{",".join(flights)}],'
            f'"held":[{",".join(held)}],"nodes":{{{named}}},'
            f'"operations":{world.next_operation - 1}}}'
        )
        self._known, self._now = self._now, {}
        return blake2s(text.encode(), digest_size=8).hexdigest()

    def _text(self, part: PartT, form_of: Callable[[PartT], Json]) -> str:
        """Return the text of a part, written anew unless the world before had that very object."""
        found = self._known.get(id(part))
        if found is None or found[0] is not part:
            found = (part, json_text(form_of(part)))
        self._now[id(part)] = found
        return found[1]


def _flight_form(flight: Flight) -> Json:
    return canonical(flight.content)
