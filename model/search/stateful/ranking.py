"""From a drawn number to an action: every number ranks all actions that there could be.

The first in rank among the legal actions is done. Which of two actions precedes the other depends
on nothing but the two and the number, not on what else is legal: so a number stands for the same
action in a run from which other draws were left out, and shrinking by leaving out works.
(Rendezvous hashing: Thaler and Ravishankar, IEEE/ACM Trans. Networking 6(1), 1998.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from zlib import crc32

from counterpoint.model.actions import NORMAL, Deliver
from counterpoint.model.kind import kinds_of, undone_by
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import canonical, json_text
from counterpoint.model.world import Action

RANKING_MAX = 0xFFFF
"""Rankings and swarms are numbers from 0 up to this."""

LegalActions = Callable[[type[Action]], Sequence[Action]]
"""What tells the legal actions of a kind, in an order that depends on the run alone."""

_LEVELS = (256, 256, 77, 8)
_LEVELS_MAX = 100_000
_WEIGHTS_MAX = 10_000
_KEPT_MAX = 100_000
_WORD = 0xFFFFFFFF
_SALT, _MIXED, _AGAIN = 0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35


class _Weight(NamedTuple):
    """What ranks an action in the runs of one swarm; with the action, whose identity is its key."""

    action: Action
    hash: int
    willing: int


class Ranking:
    """The rankings of one scenario. Keeps what it has computed of each action."""

    def __init__(self, scenario: Scenario) -> None:
        actions = kinds_of(scenario)
        self._normal = tuple(action for action in actions if action in NORMAL)
        self._others = tuple(action for action in actions if action not in self._normal)
        self._hashes: dict[Action, int] = {}
        self._kept: dict[int, tuple[Action, int]] = {}
        self._levels: dict[tuple[int, str], int] = {}
        self._swarm, self._weights = 0, dict[int, _Weight]()

    def choose(self, options: LegalActions, ranking: int, swarm: int = 0) -> Action | None:
        """Return the legal action that a number stands for, None if nothing goes on.

        Ranking 0 stands for the oldest message, else the first call. The swarm number says which
        kinds of fault take part, how many there are, and who is reluctant to move; 0 is impartial.
        """
        if ranking:
            fault = self._fault(options, ranking, swarm)
            if fault is not None:
                return fault
        legal = [option for action in self._normal for option in options(action)]
        if legal:
            return self.first(legal, ranking, swarm)
        undoing = (action for action in self._others if undone_by(action))
        return next((options(action)[0] for action in undoing if options(action)), None)

    def _fault(self, options: LegalActions, ranking: int, swarm: int) -> Action | None:
        """Return a fault, or the end of one, if this number stands for one that is legal."""
        if ranking & 15 >= (4 if swarm == 0 else swarm & 3):
            return None
        kinds = [action for action in self._others if self._takes_part(action, swarm)]
        if not kinds:
            return None
        position = (ranking >> 4) % len(kinds)
        for action in (*kinds[position:], *kinds[:position]):
            legal = options(action)
            if legal:
                return self.first(legal, ranking)
        return None

    def _takes_part(self, kind: type[Action], swarm: int) -> bool:
        if swarm == 0 or undone_by(kind):
            return True
        return _mix(crc32(kind.kind.encode()), swarm) & 1 == 0

    def first(self, options: Sequence[Action], ranking: int, swarm: int = 0) -> Action:
        """Return the option that comes first in a ranking; ranking 0 ranks by their order."""
        if ranking == 0 or len(options) == 1:
            return options[0]
        if swarm == 0:
            return max(options, key=lambda action: _mix(self._hash(action), ranking))
        weights = self._weights_in(swarm)
        salt, best, first = ranking * _SALT, -1, options[0]
        for action in options:
            known = weights.get(id(action)) or self._weigh(action, swarm, weights)
            mixed = (known.hash ^ salt) * _MIXED & _WORD  # as in `_mix`, which this is all day
            rank = ((mixed ^ mixed >> 15) * _AGAIN & _WORD) * known.willing
            if rank > best:
                best, first = rank, action
        return first

    def _weights_in(self, swarm: int) -> dict[int, _Weight]:
        """Return what is known of the actions of this run, by their identity: most are asked often."""
        if swarm != self._swarm or len(self._weights) > _WEIGHTS_MAX:
            self._swarm, self._weights = swarm, {}
        return self._weights

    def _weigh(self, action: Action, swarm: int, weights: dict[int, _Weight]) -> _Weight:
        found = _Weight(action, self._hash(action), self._willing(action, swarm))
        weights[id(action)] = found
        return found

    def _willing(self, action: Action, swarm: int) -> int:
        """Tell how willing a run is to do an action: by type of message, and by node."""
        if isinstance(action, Deliver):
            return self._level(swarm, type(action.body).__name__) * self._level(swarm, action.dst)
        return self._level(swarm, f"{action.kind} {action.at}") * (
            25 if action.kind == "fire" else 256
        )

    def _level(self, swarm: int, feature: str) -> int:
        known = self._levels.get((swarm, feature))
        if known is None:
            if len(self._levels) >= _LEVELS_MAX:
                self._levels.clear()
            known = _LEVELS[_mix(crc32(feature.encode()), swarm) >> 30]
            self._levels[swarm, feature] = known
        return known

    def _hash(self, action: Action) -> int:
        """Return the hash of an action's content; most are the same objects again, which are kept."""
        kept = self._kept.get(id(action))
        if kept is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            kept = self._kept[id(action)] = (action, self._hash_of_content(action))
        return kept[1]

    def _hash_of_content(self, action: Action) -> int:
        if isinstance(action, Deliver):  # of these the tables have one of each content
            return _content_hash(action)
        known = self._hashes.get(action)
        if known is None:
            known = self._hashes[action] = _content_hash(action)
        return known


def _content_hash(action: Action) -> int:
    return crc32(f"{action.kind} {json_text(canonical(action))}".encode())


def _mix(value: int, salt: int) -> int:
    """Return a number below 2**32 that looks random in both arguments."""
    mixed = (value ^ salt * _SALT) * _MIXED & _WORD
    return (mixed ^ mixed >> 15) * _AGAIN & _WORD
