"""Lost, found, glad: schedules to look at, one for each store and one for the wrong rule D1.

Alice has lost a ring, and some time later finds it. Bob waits until he reads that, and is glad. On
its way to server 3, what Alice found is slower than anything else. They belong to the scenario
`lost_found_glad` of each store.
"""

from __future__ import annotations

from counterpoint.impl.stores.causal_lamport import Clock, Numbered
from counterpoint.impl.stores.words import (
    Answer,
    Ask,
    Await,
    Copy,
    Found,
    Push,
    Read,
    Request,
    Stamp,
    StoreOperation,
    StoreResult,
    Update,
    Version,
    Write,
    Written,
)
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.faults import Delay, Release
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

LOST = Copy(Version(Stamp(1, 1), "lost"), "ring")
FOUND = Copy(Version(Stamp(2, 1), "found"), "ring")
GLAD = Copy(Version(Stamp(3, 2), "glad"), "bob")
"""What the three writes make, in either store."""


def _asked(
    request: Request, operation: StoreOperation, at: NodeId, context: tuple[Version, ...] = ()
) -> tuple[Action, ...]:
    """A client calls, and its server gets to know."""
    ask = Ask(request, operation, context)
    return (Call(request.client, operation), Deliver(request.client, at, ask))


def _answered(request: Request, at: NodeId, result: StoreResult) -> Deliver:
    """The client hears of the result."""
    return Deliver(at, request.client, Answer(request, result))


_LOSE, _FIND = Request("alice", 1), Request("alice", 2)
_READ, _REJOICE = Request("bob", 1), Request("bob", 2)
_LOOK, _LOOK_AGAIN = Request("carol", 1), Request("carol", 2)


# ---- causal_deps ---------------------------------------------------------------------------------

U_LOST = Update(LOST)
U_FOUND = Update(FOUND, (LOST.version,))
U_GLAD = Update(GLAD, (FOUND.version,))
"""The updates, with their nearest dependencies."""

DEPS: tuple[Action, ...] = (
    *_asked(_LOSE, Write("lost", "ring"), "s1"),
    _answered(_LOSE, "s1", Written(LOST.version)),
    Deliver("s1", "s2", U_LOST),
    Deliver("s1", "s3", U_LOST),
    *_asked(_FIND, Write("found", "ring"), "s1", (LOST.version,)),
    _answered(_FIND, "s1", Written(FOUND.version)),
    Delay("s1", "s3", U_FOUND),
    Deliver("s1", "s2", U_FOUND),
    *_asked(_READ, Await("found"), "s2"),
    _answered(_READ, "s2", Found("found", FOUND)),
    *_asked(_REJOICE, Write("glad", "bob"), "s2", (FOUND.version,)),
    _answered(_REJOICE, "s2", Written(GLAD.version)),
    Deliver("s2", "s3", U_GLAD),
    *_asked(_LOOK, Read("glad"), "s3"),
    _answered(_LOOK, "s3", Found("glad")),
    Release("s1", "s3", U_FOUND),
    Deliver("s1", "s3", U_FOUND),
    *_asked(_LOOK_AGAIN, Read("found"), "s3"),
    _answered(_LOOK_AGAIN, "s3", Found("found", FOUND)),
    Deliver("s3", "carol", Push(3, GLAD)),
    Deliver("s3", "carol", Push(1, LOST)),
    Deliver("s3", "carol", Push(2, FOUND)),
)
"""Glad stalls at server 3 until found is applied. Carol is told of all three, in their order."""


# ---- causal_lamport ------------------------------------------------------------------------------


def _says(source: NodeId, number: int, body: Update | Clock, *to: NodeId) -> tuple[Deliver, ...]:
    """A message of one server reaches others."""
    return tuple(Deliver(source, server, Numbered(number, body)) for server in to)


L_FOUND, L_GLAD = Update(FOUND), Update(GLAD)

_LOST_EVERYWHERE: tuple[Action, ...] = (
    *_asked(_LOSE, Write("lost", "ring"), "s1"),
    *_says("s1", 1, U_LOST, "s2", "s3"),
    *_says("s2", 1, Clock(1), "s1", "s3"),
    *_says("s3", 1, Clock(1), "s1", "s2"),
    _answered(_LOSE, "s1", Written(LOST.version)),
)
"""Lost is applied by all, after each has heard of the clocks of the others."""

LAMPORT: tuple[Action, ...] = (
    *_LOST_EVERYWHERE,
    *_asked(_FIND, Write("found", "ring"), "s1"),
    Delay("s1", "s3", Numbered(2, L_FOUND)),
    *_says("s1", 2, L_FOUND, "s2"),
    *_says("s2", 2, Clock(2), "s1", "s3"),
    *_asked(_READ, Await("found"), "s2"),
    Release("s1", "s3", Numbered(2, L_FOUND)),
    *_says("s1", 2, L_FOUND, "s3"),
    *_says("s3", 2, Clock(2), "s1", "s2"),
    _answered(_FIND, "s1", Written(FOUND.version)),
    _answered(_READ, "s2", Found("found", FOUND)),
    *_asked(_REJOICE, Write("glad", "bob"), "s2"),
    *_says("s2", 3, L_GLAD, "s1", "s3"),
    *_says("s1", 3, Clock(3), "s2", "s3"),
    *_says("s3", 3, Clock(3), "s2", "s1"),
    _answered(_REJOICE, "s2", Written(GLAD.version)),
    *_asked(_LOOK, Read("glad"), "s3"),
    _answered(_LOOK, "s3", Found("glad", GLAD)),
    *_asked(_LOOK_AGAIN, Read("found"), "s3"),
    _answered(_LOOK_AGAIN, "s3", Found("found", FOUND)),
)
"""Nobody sees found before server 3 has it: it waits for the clock of server 3, at all servers."""

SOURCE_RULE: tuple[Action, ...] = (
    *_LOST_EVERYWHERE,
    *_asked(_FIND, Write("found", "ring"), "s1"),
    Delay("s1", "s3", Numbered(2, L_FOUND)),
    *_says("s1", 2, L_FOUND, "s2"),
    *_asked(_READ, Await("found"), "s2"),
    _answered(_READ, "s2", Found("found", FOUND)),
    *_asked(_REJOICE, Write("glad", "bob"), "s2"),
    *_says("s2", 2, Clock(2), "s3"),
    *_says("s2", 3, L_GLAD, "s3"),
    *_asked(_LOOK, Read("glad"), "s3"),
    _answered(_LOOK, "s3", Found("glad", GLAD)),
    *_asked(_LOOK_AGAIN, Read("found"), "s3"),
    _answered(_LOOK_AGAIN, "s3", Found("found")),
)
"""Under rule D1 server 3 shows lost and glad, and not found."""
