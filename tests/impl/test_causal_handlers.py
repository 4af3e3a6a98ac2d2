"""The handlers of the two causally consistent stores, input by input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from counterpoint.impl.stores.causal_deps import CausalDeps
from counterpoint.impl.stores.causal_deps import Server as DepsServer
from counterpoint.impl.stores.causal_deps_rules import MUTANTS as DEPS_MUTANTS
from counterpoint.impl.stores.causal_lamport import CausalLamport, Clock, Numbered, Peer, waits_for
from counterpoint.impl.stores.causal_lamport import Server as LamportServer
from counterpoint.impl.stores.causal_lamport_rules import MUTANTS as LAMPORT_MUTANTS
from counterpoint.impl.stores.client import Idle, Moving, Session, Waiting
from counterpoint.impl.stores.replica import Clients, Replica, StoreDeployment
from counterpoint.impl.stores.words import (
    Answer,
    Applied,
    Arrived,
    Ask,
    Await,
    Copy,
    Found,
    Leave,
    Move,
    Push,
    Read,
    Request,
    Stalled,
    Stamp,
    Told,
    Update,
    Version,
    Waits,
    Write,
    Written,
)
from counterpoint.model.node import (
    Begin,
    ChangeRole,
    Input,
    Invoke,
    Note,
    Receive,
    Return,
    Send,
    Start,
    Step,
    System,
    Timeout,
)

HOME = StoreDeployment((("alice", "s1"), ("bob", "s2")))
DEPS, LAMPORT = CausalDeps(HOME), CausalLamport(HOME)


def copy(clock: int, server: int, key: str, value: str = "v") -> Copy:
    """What a write makes."""
    return Copy(Version(Stamp(clock, server), key), value)


LOST, FOUND, GLAD = copy(1, 1, "lost"), copy(2, 1, "found"), copy(3, 2, "glad")
A1, A2, B1 = Request("alice", 1), Request("alice", 2), Request("bob", 1)
AT_S1 = Session("s1", number=1)


def replica(*copies: Copy) -> Replica:
    """A replica with these copies, one of each key."""
    stamps = frozenset(c.version.stamp for c in copies)
    return Replica(stamps, tuple(sorted(copies, key=lambda c: c.version.key)))


# ---- clients, the same for both ------------------------------------------------------------------

CLIENT = [
    pytest.param(
        Idle(Session("s1", context=(LOST.version,))),
        Invoke(Write("found", "v")),
        Step(Waiting(AT_S1), (Send("s1", Ask(A1, Write("found", "v"), (LOST.version,))),)),
        id="a write goes with what the client has seen, and stands for it from then on",
    ),
    pytest.param(
        Idle(Session("s1", context=(LOST.version,))),
        Invoke(Read("found")),
        Step(
            Waiting(replace(AT_S1, context=(LOST.version,))), (Send("s1", Ask(A1, Read("found"))),)
        ),
        id="a read goes without: its server has all that the client has seen",
    ),
    pytest.param(
        Waiting(AT_S1),
        Receive("s1", Answer(A1, Written(FOUND.version))),
        Step(Idle(replace(AT_S1, context=(FOUND.version,))), (Return(Written(FOUND.version)),)),
        id="a write is remembered",
    ),
    pytest.param(
        Waiting(replace(AT_S1, context=(GLAD.version,))),
        Receive("s1", Answer(A1, Found("found", FOUND))),
        Step(
            Idle(replace(AT_S1, context=(FOUND.version, GLAD.version))),
            (Return(Found("found", FOUND)),),
        ),
        id="a read is remembered beside what was read before",
    ),
    pytest.param(
        Waiting(AT_S1),
        Receive("s1", Answer(A1, Found("found"))),
        Step(Idle(AT_S1), (Return(Found("found")),)),
        id="to find nothing leaves nothing to remember",
    ),
    pytest.param(
        Waiting(replace(AT_S1, number=2)),
        Receive("s1", Answer(A1, Found("found", FOUND))),
        Step(Waiting(replace(AT_S1, number=2))),
        id="a second copy of an earlier answer is ignored",
    ),
    pytest.param(
        Idle(AT_S1),
        Receive("s1", Push(1, LOST)),
        Step(Idle(replace(AT_S1, taken=1, context=(LOST.version,))), (Note(Told(LOST)),)),
        id="news counts as seen",
    ),
    pytest.param(
        Idle(AT_S1),
        Receive("s1", Push(2, FOUND)),
        Step(Idle(replace(AT_S1, early=(Push(2, FOUND),)))),
        id="news that comes too early is kept",
    ),
    pytest.param(
        Idle(replace(AT_S1, early=(Push(2, FOUND),))),
        Receive("s1", Push(1, LOST)),
        Step(
            Idle(replace(AT_S1, taken=2, context=(LOST.version, FOUND.version))),
            (Note(Told(LOST)), Note(Told(FOUND))),
        ),
        id="and taken in the order of the server",
    ),
    pytest.param(
        Idle(replace(AT_S1, taken=1)),
        Receive("s1", Push(1, LOST)),
        Step(Idle(replace(AT_S1, taken=1))),
        id="a second copy of news is ignored",
    ),
    pytest.param(
        Idle(AT_S1),
        Receive("s2", Push(1, LOST)),
        Step(Idle(AT_S1)),
        id="news of another server is ignored",
    ),
    pytest.param(
        Waiting(AT_S1),
        Receive("s1", Push(1, LOST)),
        Step(Waiting(replace(AT_S1, early=(Push(1, LOST),)))),
        id="who waits for an answer takes no news: the answer may be older",
    ),
    pytest.param(
        Waiting(replace(AT_S1, early=(Push(1, LOST),))),
        Receive("s1", Answer(A1, Found("found"))),
        Step(
            Idle(replace(AT_S1, taken=1, context=(LOST.version,))),
            (Return(Found("found")), Note(Told(LOST))),
        ),
        id="but takes it after the answer",
    ),
    pytest.param(
        Idle(replace(AT_S1, context=(LOST.version,), early=(Push(3, GLAD),))),
        Invoke(Move("s2")),
        Step(
            Moving(replace(AT_S1, number=2, context=(LOST.version,)), "s2"),
            (Send("s2", Ask(A2, Move("s2"), (LOST.version,))),),
        ),
        id="who moves says what it has seen",
    ),
    pytest.param(
        Idle(AT_S1),
        ChangeRole(),
        Step(
            Moving(replace(AT_S1, number=2), "s2"),
            (Begin(Move("s2")), Send("s2", Ask(A2, Move("s2")))),
        ),
        id="an operator sends it to the next server",
    ),
    pytest.param(Waiting(AT_S1), ChangeRole(), Step(Waiting(AT_S1)), id="unless it is busy"),
    pytest.param(
        Moving(AT_S1, "s2"),
        Receive("s1", Push(1, LOST)),
        Step(Moving(AT_S1, "s2")),
        id="who moves takes no news of the old server, which the new one may not have",
    ),
    pytest.param(
        Moving(AT_S1, "s2"),
        Receive("s2", Push(3, GLAD)),
        Step(Moving(replace(AT_S1, early=(Push(3, GLAD),)), "s2")),
        id="and keeps that of the new one",
    ),
    pytest.param(
        Moving(replace(AT_S1, early=(Push(2, FOUND), Push(3, GLAD))), "s2"),
        Receive("s2", Answer(A1, Arrived("s2", 2))),
        Step(
            Idle(Session("s2", 1, (GLAD.version,), taken=3)),
            (Send("s1", Leave(A1)), Return(Arrived("s2", 2)), Note(Told(GLAD))),
        ),
        id="who arrives leaves the old server, and takes what is new to the new one",
    ),
    pytest.param(
        Moving(AT_S1, "s1"),
        Receive("s1", Answer(A1, Arrived("s1", 2))),
        Step(Idle(replace(AT_S1, taken=2)), (Return(Arrived("s1", 2)),)),
        id="who moves to where it is leaves nothing",
    ),
    pytest.param(Idle(AT_S1), Start(), Step(Idle(AT_S1)), id="nothing to do at the start"),
]


@pytest.mark.parametrize(("state", "given", "expected"), CLIENT)
def test_client(state: Idle | Waiting | Moving, given: Input, expected: object) -> None:
    assert DEPS.handle("alice", state, given) == expected


def test_in_the_other_store_a_client_remembers_the_highest_stamp_alone() -> None:
    state = Waiting(replace(AT_S1, context=(GLAD.version,)))
    step = LAMPORT.handle("alice", state, Receive("s1", Answer(A1, Found("found", FOUND))))
    assert step.state == Idle(replace(AT_S1, context=(GLAD.version,)))


def test_and_says_nothing_of_it_when_it_writes() -> None:
    state = Idle(Session("s1", context=(LOST.version,)))
    step = LAMPORT.handle("alice", state, Invoke(Write("found", "v")))
    assert step.effects == (Send("s1", Ask(A1, Write("found", "v"))),)


# ---- a server of causal_deps ---------------------------------------------------------------------

ALICE = Clients(("alice",))
ASKED = Clients(("alice",), (A1,))
U_FOUND, U_GLAD = Update(FOUND, (LOST.version,)), Update(GLAD, (FOUND.version,))
OTHER = copy(1, 3, "lost", "other")

DEPS_SERVER = [
    pytest.param(
        DepsServer(1, replica(LOST), clients=ALICE),
        Receive("alice", Ask(A1, Write("found", "v"), (LOST.version,))),
        Step(
            DepsServer(2, replica(LOST, FOUND), clients=ASKED),
            (
                Note(Applied(FOUND, FOUND)),
                Send("alice", Push(2, FOUND)),
                Send("s2", U_FOUND),
                Send("s3", U_FOUND),
                Send("alice", Answer(A1, Written(FOUND.version))),
            ),
        ),
        id="a write is stamped, applied, passed on with its needs, and answered at once",
    ),
    pytest.param(
        DepsServer(1, replica(LOST), clients=ASKED),
        Receive("alice", Ask(A1, Write("found", "v"), (LOST.version,))),
        Step(DepsServer(1, replica(LOST), clients=ASKED)),
        id="a second copy of a request is not carried out",
    ),
    pytest.param(
        DepsServer(1, replica(LOST), clients=ALICE),
        Receive("alice", Ask(A1, Read("lost"))),
        Step(
            DepsServer(1, replica(LOST), clients=ASKED),
            (Send("alice", Answer(A1, Found("lost", LOST))),),
        ),
        id="a read is answered at once",
    ),
    pytest.param(
        DepsServer(),
        Receive("s1", U_FOUND),
        Step(
            DepsServer(2, stalled=(U_FOUND,)),
            (Note(Stalled(FOUND.version, (LOST.version,))),),
        ),
        id="an update stalls without what it needs, and raises the clock",
    ),
    pytest.param(
        DepsServer(3, stalled=(U_FOUND, U_GLAD)),
        Receive("s1", Update(LOST)),
        Step(
            DepsServer(3, replica(LOST, FOUND, GLAD)),
            (Note(Applied(LOST, LOST)), Note(Applied(FOUND, FOUND)), Note(Applied(GLAD, GLAD))),
        ),
        id="what waited for it is applied with it, one after the other",
    ),
    pytest.param(
        DepsServer(3, stalled=(U_GLAD,)),
        Receive("s2", U_GLAD),
        Step(DepsServer(3, stalled=(U_GLAD,))),
        id="a second copy of a stalled update is ignored",
    ),
    pytest.param(
        DepsServer(1, replica(LOST)),
        Receive("s1", Update(LOST)),
        Step(DepsServer(1, replica(LOST))),
        id="and one of an applied update",
    ),
    pytest.param(
        DepsServer(1, replica(OTHER)),
        Receive("s1", Update(LOST)),
        Step(
            DepsServer(1, Replica(frozenset({LOST.version.stamp, OTHER.version.stamp}), (OTHER,))),
            (Note(Applied(LOST, OTHER)),),
        ),
        id="of concurrent writes the higher stamp wins, whichever came first",
    ),
    pytest.param(
        DepsServer(1),
        Receive("bob", Ask(B1, Move("s1"), (LOST.version,))),
        Step(DepsServer(1, clients=Clients((), (B1,), (Ask(B1, Move("s1"), (LOST.version,)),)))),
        id="who has seen more than the server has to wait",
    ),
    pytest.param(
        DepsServer(1, clients=Clients((), (B1,), (Ask(B1, Move("s1"), (LOST.version,)),))),
        Receive("s1", Update(LOST)),
        Step(
            DepsServer(1, replica(LOST), clients=Clients(("bob",), (B1,))),
            (Note(Applied(LOST, LOST)), Send("bob", Answer(B1, Arrived("s3", 1)))),
        ),
        id="until the server has it",
    ),
    pytest.param(
        DepsServer(),
        Receive("bob", Ask(B1, Await("lost"))),
        Step(DepsServer(clients=Clients((), (B1,), (Ask(B1, Await("lost")),)))),
        id="a key that is awaited and holds nothing",
    ),
    pytest.param(
        DepsServer(clients=Clients((), (B1,), (Ask(B1, Await("lost")),))),
        Receive("s1", Update(LOST)),
        Step(
            DepsServer(1, replica(LOST), clients=Clients((), (B1,))),
            (Note(Applied(LOST, LOST)), Send("bob", Answer(B1, Found("lost", LOST)))),
        ),
        id="and something at last",
    ),
    pytest.param(
        DepsServer(clients=Clients(("alice", "bob"), (A1,))),
        Receive("alice", Leave(A2)),
        Step(DepsServer(clients=Clients(("bob",), (A2,)))),
        id="who has left is told nothing any more",
    ),
    pytest.param(
        DepsServer(clients=Clients(("alice",), (A2,))),
        Receive("alice", Leave(A1)),
        Step(DepsServer(clients=Clients(("alice",), (A2,)))),
        id="a late farewell of one who has come back is ignored",
    ),
    pytest.param(DepsServer(), ChangeRole(), Step(DepsServer()), id="servers stay what they are"),
]


@pytest.mark.parametrize(("state", "given", "expected"), DEPS_SERVER)
def test_server_of_causal_deps(state: DepsServer, given: Input, expected: object) -> None:
    node = "s1" if isinstance(given, Receive) and given.source == "alice" else "s3"
    assert DEPS.handle(node, state, given) == expected


def test_a_stall_is_visible_in_the_state() -> None:
    assert str(DepsServer(2, replica(LOST), (U_GLAD,))) == (
        "lost@1.1=v; glad@3.2 stalled: waits for found@2.1"
    )


def test_a_server_that_hears_of_a_clock_from_a_client_raises_its_own() -> None:
    step = DEPS.handle("s3", DepsServer(), Receive("bob", Ask(B1, Move("s3"), (GLAD.version,))))
    assert isinstance(step.state, DepsServer)
    assert step.state.clock == 3


# ---- a server of causal_lamport ------------------------------------------------------------------

NEW = LamportServer((Peer("s1"), Peer("s2")))
L_LOST, L_FOUND = Update(LOST), Update(FOUND)
FROM_1 = Numbered(1, L_LOST)


def heard(one: Peer, two: Peer, state: LamportServer = NEW) -> LamportServer:
    """A server that knows this of the others."""
    return replace(state, peers=(one, two))


LAMPORT_SERVER = [
    pytest.param(
        NEW,
        Receive("s1", FROM_1),
        Step(
            replace(heard(Peer("s1", 1, 1), Peer("s2")), clock=1, sent=1, told=1, queue=(L_LOST,)),
            (Send("s1", Numbered(1, Clock(1))), Send("s2", Numbered(1, Clock(1)))),
        ),
        id="an update is queued, and all are told of the clock that it raised",
    ),
    pytest.param(
        replace(heard(Peer("s1", 1, 1), Peer("s2")), clock=1, sent=1, told=1, queue=(L_LOST,)),
        Receive("s2", Numbered(1, Clock(1))),
        Step(
            replace(
                heard(Peer("s1", 1, 1), Peer("s2", 1, 1)),
                clock=1,
                sent=1,
                told=1,
                replica=replica(LOST),
            ),
            (Note(Applied(LOST, LOST)),),
        ),
        id="it is applied when every other server was heard with as high a clock",
    ),
    pytest.param(
        NEW,
        Receive("s1", Numbered(2, L_FOUND)),
        Step(heard(Peer("s1", 0, 0, (Numbered(2, L_FOUND),)), Peer("s2"))),
        id="a message that comes before an earlier one is kept, and tells nothing",
    ),
    pytest.param(
        replace(heard(Peer("s1", 0, 0, (Numbered(2, Clock(5)),)), Peer("s2")), clock=1, told=1),
        Receive("s1", FROM_1),
        Step(replace(heard(Peer("s1", 2, 5), Peer("s2")), clock=5, told=1, queue=(L_LOST,))),
        id="and taken right after it; a clock that is told already is not told again",
    ),
    pytest.param(
        heard(Peer("s1", 1, 1), Peer("s2")),
        Receive("s1", FROM_1),
        Step(heard(Peer("s1", 1, 1), Peer("s2"))),
        id="a second copy of a message is ignored",
    ),
    pytest.param(
        NEW,
        Receive("alice", Ask(A1, Write("x", "v"))),
        Step(
            replace(
                NEW,
                clock=1,
                sent=1,
                told=1,
                queue=(Update(copy(1, 3, "x")),),
                writing=((Stamp(1, 3), A1),),
                clients=Clients((), (A1,)),
            ),
            (
                Send("s1", Numbered(1, Update(copy(1, 3, "x")))),
                Send("s2", Numbered(1, Update(copy(1, 3, "x")))),
                Note(Waits(Version(Stamp(1, 3), "x"), ("s1", "s2"))),
            ),
        ),
        id="a write is stamped and sent, and waits for all others",
    ),
    pytest.param(
        replace(
            heard(Peer("s1", 1, 1), Peer("s2")),
            clock=1,
            sent=1,
            told=1,
            queue=(Update(copy(1, 3, "x")),),
            writing=((Stamp(1, 3), A1),),
        ),
        Receive("s2", Numbered(1, Clock(1))),
        Step(
            replace(
                heard(Peer("s1", 1, 1), Peer("s2", 1, 1)),
                clock=1,
                sent=1,
                told=1,
                replica=replica(copy(1, 3, "x")),
            ),
            (
                Note(Applied(copy(1, 3, "x"), copy(1, 3, "x"))),
                Send("alice", Answer(A1, Written(Version(Stamp(1, 3), "x")))),
            ),
        ),
        id="and is answered when it is applied here",
    ),
    pytest.param(
        NEW,
        Receive("alice", Ask(A1, Read("lost"))),
        Step(
            replace(NEW, clients=Clients((), (A1,))),
            (Send("alice", Answer(A1, Found("lost"))),),
        ),
        id="a read waits for nobody",
    ),
    pytest.param(
        NEW,
        Receive("bob", Ask(B1, Move("s3"), (LOST.version,))),
        Step(
            replace(
                NEW,
                clock=1,
                clients=Clients((), (B1,), (Ask(B1, Move("s3"), (LOST.version,)),)),
            )
        ),
        id="who has seen more than the server has to wait",
    ),
]


@pytest.mark.parametrize(("state", "given", "expected"), LAMPORT_SERVER)
def test_server_of_causal_lamport(state: LamportServer, given: Input, expected: object) -> None:
    assert LAMPORT.handle("s3", state, given) == expected


def test_updates_of_equal_clocks_are_applied_in_the_order_of_their_servers() -> None:
    one, two = copy(1, 1, "x", "one"), copy(1, 2, "x", "two")
    state = replace(heard(Peer("s1"), Peer("s2", 1, 1)), clock=1, told=1, queue=(Update(two),))
    step = LAMPORT.handle("s3", state, Receive("s1", Numbered(1, Update(one))))
    assert step.effects == (Note(Applied(one, one)), Note(Applied(two, two)))


def test_a_server_says_for_whom_an_update_waits() -> None:
    state = replace(heard(Peer("s1", 1, 1), Peer("s2")), queue=(L_LOST,))
    assert waits_for(state, L_LOST) == Waits(LOST.version, ("s2",))
    assert str(state) == "empty; lost@1.1 waits to hear from s2"


@pytest.mark.parametrize("system", [DEPS, LAMPORT])
def test_an_input_that_cannot_be_is_a_defect(system: System[Any]) -> None:
    for node in ("alice", "s1"):
        with pytest.raises(AssertionError, match="was given Timeout"):
            system.handle(node, system.initial(node), Timeout("none"))


# ---- one decision replaced -----------------------------------------------------------------------


def test_each_mutant_differs_from_the_right_rules_in_one_decision_of_its_own() -> None:
    for mutants in (DEPS_MUTANTS, LAMPORT_MUTANTS):
        right = type(next(iter(mutants.values())))()
        changed = {
            name: [f for f in rules.__slots__ if getattr(rules, f) != getattr(right, f)]
            for name, rules in mutants.items()
        }
        assert all(len(fields) == 1 for fields in changed.values()), changed
        assert len({fields[0] for fields in changed.values()}) == len(mutants)


def test_rule_d1_delays_an_older_update_and_applies_a_newer_one() -> None:
    system = CausalLamport(HOME, LAMPORT_MUTANTS["D1"])
    state = replace(heard(Peer("s1"), Peer("s2", 1, 3)), clock=3, told=3, replica=replica(GLAD))
    step = system.handle("s3", state, Receive("s1", FROM_1))
    assert isinstance(step.state, LamportServer)
    assert step.state.queue == (L_LOST,)
    assert step.state.replica == replica(GLAD)
