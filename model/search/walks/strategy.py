"""Strategies of a walk: which of the messages and calls at hand comes next.

A strategy is drawn anew for every run. `uniform` likes all alike. `swarm` draws, per run, how
reluctant each type of message and each node is, so that some runs starve a replica and others a
phase (Groce et al., "Swarm testing", ISSTA 2012). `pct` gives links and clients priorities and
lowers the leader at d random steps, which finds bugs of depth d with a known probability
(Burckhardt et al., ASPLOS 2010; for message passing Ozkan et al., OOPSLA 2018); d is drawn for each
run. `pos` samples partial orders (see `partial_order`). `mixed` draws one of these four for each run:
each finds in a moment what another is slow to find, as `make bench-mutants` measures.
"""

from __future__ import annotations

from random import Random
from typing import Literal, Protocol, TypeAlias

from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled, LocalChoice, Message
from counterpoint.model.search.walks.link_queues import LinkQueues
from counterpoint.model.search.walks.partial_order import PartialOrder

StrategyName: TypeAlias = Literal["mixed", "uniform", "swarm", "pct", "pos"]

DEFAULT: StrategyName = "mixed"
"""What searches by if nothing is said."""

MIX: tuple[StrategyName, ...] = ("uniform", "swarm", "pct", "pos")
"""What `mixed` draws from; decision 25 says what else was measured."""

DEPTH_MAX = 8
"""A run of `pct` has so many changes of priority at most, and one more."""

TIMER_WEIGHT = 0.1
"""How likely a timer is to go off, where a message is 1."""


SECOND_THOUGHTS_MAX = 8
"""So often a reluctant run draws again; after that it takes what is oldest."""


class Strategy(Protocol):
    """How one run chooses. The run's own source of randomness comes with each question."""

    def pick(
        self, run: Simulation, offers: list[LocalChoice], random: Random
    ) -> int | LocalChoice | None:
        """Return a position among the messages in flight, or an offer; None if nothing can be."""
        ...


class Uniform:
    """Every message and every call is as likely as any other; a timer is ten times less so.

    As all strategies it may like `timers` so many times as much as usual.
    """

    def __init__(self, timers: float = 1.0) -> None:
        self._timers = TIMER_WEIGHT * timers

    def pick(
        self, run: Simulation, offers: list[LocalChoice], random: Random
    ) -> int | LocalChoice | None:
        """Pick among messages, calls and timers."""
        count, all_arrive = len(run.flights), run.is_free
        for _ in range(20):
            drawn = int(random.random() * (count + len(offers)))
            if drawn < count:
                if all_arrive:
                    return drawn
                position = _arriving(run, drawn)
                if position is not None:
                    return position
            elif not offers:
                break
            elif (offer := offers[drawn - count]).is_call or random.random() < self._timers:
                return offer
        return _first_arriving(run, offers)


class Swarm:
    """Reluctance by message type, by receiver and by client, drawn once for the run."""

    _LEVELS = (1.0, 1.0, 0.3, 0.03)

    def __init__(self, timers: float = 1.0) -> None:
        self._timers = TIMER_WEIGHT * timers
        self._by_feature: dict[object, float] = {}
        self._by_message: dict[Message, float] = {}

    def pick(
        self, run: Simulation, offers: list[LocalChoice], random: Random
    ) -> int | LocalChoice | None:
        """Pick, and think again when the pick is one that this run is reluctant to make."""
        flights, known, draw = run.flights, self._by_message, random.random
        count = len(flights)
        choices = count + len(offers)
        if not choices:
            return None
        for _ in range(SECOND_THOUGHTS_MAX):
            drawn = int(draw() * choices)
            if drawn < count:
                message = flights[drawn]
                willing = known.get(message)
                if willing is None:
                    willing = self._message(run.compiled, message, random)
                if (willing == 1.0 or draw() < willing) and (
                    position := _arriving(run, drawn)
                ) is not None:
                    return position
            else:
                offer = offers[drawn - count]
                willing = self._feature(("offer", offer.node, offer.is_call), random)
                if draw() < willing * (1.0 if offer.is_call else self._timers):
                    return offer
        return _first_arriving(run, offers)

    def _message(self, compiled: Compiled, message: Message, random: Random) -> float:
        source, receiver, body = compiled.contents[message]
        willing = self._feature(type(body), random) * self._feature(("to", receiver), random)
        willing *= self._feature((type(body), source, receiver), random)
        self._by_message[message] = willing
        return willing

    def _feature(self, feature: object, random: Random) -> float:
        known = self._by_feature.get(feature)
        if known is None:
            known = self._by_feature[feature] = random.choice(self._LEVELS)
        return known


class Pct:
    """The link or client of the highest priority moves; `depth - 1` times the leader falls back."""

    def __init__(self, random: Random, steps: int, depth: int, *, timers: float = 1.0) -> None:
        self._behind = 0.5 / timers if timers else 2.0
        self._priority: dict[int, float] = {}
        self._queues = LinkQueues()
        self._changes = {random.randrange(max(steps, 1)) for _ in range(depth - 1)}
        self._step = -1

    def pick(
        self, run: Simulation, offers: list[LocalChoice], random: Random
    ) -> int | LocalChoice | None:
        """Pick the oldest message of the leading link, or the first offer of the leading client."""
        self._step += 1
        best = -2.0
        choice: int | LocalChoice | None = None
        leader: int | None = None
        known, count = self._priority, len(run.compiled.nodes)
        queues = self._queues.of(run)
        for link in queues:  # what is new is in the order of its oldest message
            priority = known.get(link)
            if priority is None:
                priority = self._of(link, random)
            if priority > best and run.passes(link):
                best, leader = priority, link
        if leader is not None:
            choice = run.flights.index(queues[leader][0])
        for offer in offers:
            lane = offer.node * count + offer.is_call
            priority = self._of(lane, random) - (0.0 if offer.is_call else self._behind)
            if priority > best:
                best, choice, leader = priority, offer, lane
        if self._step in self._changes and leader is not None:
            self._priority[leader] = -1.0 - self._step / 1e6
        return choice

    def _of(self, lane: int, random: Random) -> float:
        known = self._priority.get(lane)
        if known is None:
            known = self._priority[lane] = random.random()
        return known


def strategy_for(name: StrategyName, random: Random, steps: int, timers: float = 1.0) -> Strategy:
    """Draw the strategy of one run of about so many steps, which likes timers so much."""
    match name:
        case "uniform":
            return Uniform(timers)
        case "swarm":
            return Swarm(timers)
        case "pct":
            return Pct(random, steps, random.randint(1, DEPTH_MAX), timers=timers)
        case "pos":
            return PartialOrder(TIMER_WEIGHT * timers)
        case "mixed":
            return strategy_for(random.choice(MIX), random, steps, timers)


def _arriving(run: Simulation, position: int) -> int | None:
    """Return the position if that message may arrive, its link's head on an ordered network."""
    if run.is_free:
        return position
    links = run.compiled.link
    link = links[run.flights[position]]
    if not run.passes(link):
        return None
    if run.compiled.is_unordered:
        return position
    return next(p for p, message in enumerate(run.flights) if links[message] == link)


def _first_arriving(run: Simulation, offers: list[LocalChoice]) -> int | LocalChoice | None:
    link, passes = run.compiled.link, run.passes
    for position, message in enumerate(run.flights):
        if passes(link[message]):
            return position
    return offers[0] if offers else None
