"""The handlers of the register, input by input."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterpoint.impl.register.access import DEMO, load_access
from counterpoint.impl.register.messages import (
    NO_READ,
    NO_WRITE,
    Answer,
    Ask,
    Have,
    Query,
    Read,
    Refused,
    RegisterOperation,
    Request,
    Store,
    Stored,
    Write,
)
from counterpoint.impl.register.protocol import (
    FLUSH,
    Idle,
    Imposing,
    Querying,
    RegisterState,
    ReplicatedRegister,
    Server,
    Shelf,
    Waiting,
    Writing,
)
from counterpoint.impl.register.rules import MUTANTS
from counterpoint.impl.register.values import Record, written
from counterpoint.model.node import (
    ChangeRole,
    Input,
    Invoke,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    Timeout,
)
from counterpoint.model.values import show

SYSTEM = ReplicatedRegister(load_access(DEMO).only(4), ("c1", "c2"))
W, A, B, C = "s50052", "s50053", "s50054", "s50055"

WRITE, READ = Write(4, "abc", 5, 25, 100, W), Read(4, A)
ABC = written("abc", 5, 25, 100)
ONE, TWO = Record(4, 1, ABC), Record(4, 2, written("xyz", 1, 2, 3))
C1, C2 = Request("c1", 1), Request("c2", 1)


def has(*records: Record, stamp: int = 0, of: tuple[Request, ...] = ()) -> Shelf:
    """A shelf with these records, and these as the newest requests."""
    return Shelf(stamp, of, records)


def to_all(body: Query | Store) -> tuple[Send, ...]:
    """A message to every reader of token 4."""
    return tuple(Send(reader, body) for reader in (A, B, C))


CLIENT = [
    pytest.param(
        Idle(),
        Invoke(WRITE),
        Step(Waiting(C1), (Persist(1), Send(W, Ask(C1, WRITE)))),
        id="asks the server, under a number that it will not use again",
    ),
    pytest.param(
        Waiting(Request("c1", 7)),
        Receive(W, Answer(Request("c1", 7), 5)),
        Step(Idle(7), (Return(5),)),
        id="accepts the answer",
    ),
    pytest.param(
        Waiting(Request("c1", 7)),
        Receive(W, Answer(Request("c1", 6), 5)),
        Step(Waiting(Request("c1", 7))),
        id="ignores the answer to an earlier request",
    ),
    pytest.param(Idle(7), Receive(W, Answer(Request("c1", 7), 5)), Step(Idle(7)), id="second copy"),
    pytest.param(Idle(), Recover(7), Step(Idle(7)), id="counts on after a crash"),
    pytest.param(Idle(), Recover(None), Step(Idle()), id="crashed before it asked anything"),
]


@pytest.mark.parametrize(("state", "given", "expected"), CLIENT)
def test_client(state: RegisterState, given: Input, expected: Step[RegisterState]) -> None:
    assert SYSTEM.handle("c1", state, given) == expected


WRITER = [
    pytest.param(
        Server(has(stamp=4)),
        Receive("c1", Ask(C1, WRITE)),
        Step(
            Server(has(stamp=5, of=(C1,)), (Writing(C1, Record(4, 5, ABC)),)),
            (Persist(has(stamp=5, of=(C1,))), *to_all(Store(C1, Record(4, 5, ABC)))),
        ),
        id="persists the next stamp, then sends the record to all readers",
    ),
    pytest.param(
        Server(has(stamp=5, of=(C1,))),
        Receive("c1", Ask(C1, WRITE)),
        Step(Server(has(stamp=5, of=(C1,)))),
        id="carries out no request a second time",
    ),
    pytest.param(
        Server(has(stamp=5, of=(Request("c1", 2),))),
        Receive("c1", Ask(C1, WRITE)),
        Step(Server(has(stamp=5, of=(Request("c1", 2),)))),
        id="carries out no request older than one that it has seen",
    ),
    pytest.param(
        Server(has(stamp=5, of=(C1,)), (Writing(C1, ONE),)),
        Receive(A, Stored(C1)),
        Step(Server(has(stamp=5, of=(C1,)), (Writing(C1, ONE, frozenset({A})),))),
        id="one of three is no majority",
    ),
    pytest.param(
        Server(has(of=(C1,)), (Writing(C1, ONE, frozenset({A})),)),
        Receive(A, Stored(C1)),
        Step(Server(has(of=(C1,)), (Writing(C1, ONE, frozenset({A})),))),
        id="one reader counts once, however often it answers",
    ),
    pytest.param(
        Server(has(of=(C1,)), (Writing(C1, ONE, frozenset({A})),)),
        Receive(C, Stored(C1)),
        Step(Server(has(of=(C1,))), (Send("c1", Answer(C1, ABC.partial)),)),
        id="two of three answer the client with the partial value",
    ),
    pytest.param(
        Server(has(of=(C1,))), Receive(B, Stored(C1)), Step(Server(has(of=(C1,)))), id="the third"
    ),
    pytest.param(
        Server(has(), (Writing(Request("c1", 2), TWO),)),
        Receive(B, Stored(C1)),
        Step(Server(has(), (Writing(Request("c1", 2), TWO),))),
        id="acknowledgements of an earlier request are ignored",
    ),
    pytest.param(
        Server(has(of=(C2,)), (Writing(C2, ONE),)),
        Receive("c1", Ask(C1, WRITE)),
        Step(
            Server(has(stamp=1, of=(C1, C2)), (Writing(C1, Record(4, 1, ABC)), Writing(C2, ONE))),
            (Persist(has(stamp=1, of=(C1, C2))), *to_all(Store(C1, Record(4, 1, ABC)))),
        ),
        id="works for several clients at a time",
    ),
]


@pytest.mark.parametrize(("state", "given", "expected"), WRITER)
def test_writer(state: RegisterState, given: Input, expected: Step[RegisterState]) -> None:
    assert SYSTEM.handle(W, state, given) == expected


READER = [
    pytest.param(
        Server(has(ONE)),
        Receive(W, Store(C1, TWO)),
        Step(Server(has(TWO)), (Persist(has(TWO)), Send(W, Stored(C1)))),
        id="store, newer: persist, then acknowledge",
    ),
    pytest.param(
        Server(has(TWO)),
        Receive(W, Store(C1, ONE)),
        Step(Server(has(TWO)), (Send(W, Stored(C1)),)),
        id="store, older: acknowledge and ignore",
    ),
    pytest.param(
        Server(has(ONE)),
        Receive(B, Store(C2, ONE)),
        Step(Server(has(ONE)), (Send(B, Stored(C2)),)),
        id="store, the same: acknowledge",
    ),
    pytest.param(
        Server(has()),
        Receive(B, Store(C2, Record(4))),
        Step(Server(has()), (Send(B, Stored(C2)),)),
        id="store of nothing, written back by a read before any write",
    ),
    pytest.param(
        Server(has(ONE)),
        Receive(B, Query(C2, 4)),
        Step(Server(has(ONE)), (Send(B, Have(C2, ONE)),)),
        id="query",
    ),
    pytest.param(
        Server(),
        Receive(B, Query(C2, 4)),
        Step(Server(), (Send(B, Have(C2, Record(4))),)),
        id="0",
    ),
    pytest.param(
        Server(has(ONE)),
        Receive("c2", Ask(C2, READ)),
        Step(
            Server(has(ONE, of=(C2,)), (Querying(C2, Record(4)),)),
            (Persist(has(ONE, of=(C2,))), *to_all(Query(C2, 4))),
        ),
        id="read: ask all readers, itself over the network as well",
    ),
    pytest.param(
        Server(has(), (Querying(C2, Record(4)),)),
        Receive(B, Have(C2, TWO)),
        Step(Server(has(), (Querying(C2, TWO, frozenset({B})),))),
        id="read: one record is no majority",
    ),
    pytest.param(
        Server(has(), (Querying(C2, TWO, frozenset({B})),)),
        Receive(A, Have(C2, ONE)),
        Step(Server(has(), (Imposing(C2, TWO),)), to_all(Store(C2, TWO))),
        id="read: with two of three, the newest is written back to all",
    ),
    pytest.param(
        Server(has(), (Imposing(C2, TWO),)),
        Receive(C, Have(C2, ONE)),
        Step(Server(has(), (Imposing(C2, TWO),))),
        id="read: the third record is late",
    ),
    pytest.param(
        Server(has(), (Querying(C2, TWO),)),
        Receive(C, Stored(C2)),
        Step(Server(has(), (Querying(C2, TWO),))),
        id="read: an acknowledgement does not count as a record",
    ),
    pytest.param(
        Server(has(), (Imposing(C2, TWO, frozenset({A})),)),
        Receive(B, Stored(C2)),
        Step(Server(has()), (Send("c2", Answer(C2, TWO.written)),)),
        id="read: answered when a majority has stored it",
    ),
    pytest.param(
        Server(has(), (Imposing(C2, Record(4), frozenset({A})),)),
        Receive(B, Stored(C2)),
        Step(Server(has()), (Send("c2", Answer(C2, None)),)),
        id="read: nothing was written",
    ),
    pytest.param(Server(), Recover(has(ONE, of=(C2,))), Step(Server(has(ONE, of=(C2,)))), id="up"),
    pytest.param(Server(), Recover(None), Step(Server()), id="up, having persisted nothing"),
    pytest.param(Server(), Start(), Step(Server()), id="start"),
]


@pytest.mark.parametrize(("state", "given", "expected"), READER)
def test_reader(state: RegisterState, given: Input, expected: Step[RegisterState]) -> None:
    assert SYSTEM.handle(A, state, given) == expected


REFUSED = [
    (A, Write(4, "abc", 5, 25, 100, A), NO_WRITE),
    (W, Read(4, W), NO_READ),
    (W, Write(9, "abc", 5, 25, 100, W), NO_WRITE),
    (A, Read(9, A), NO_READ),
    (W, Write(4, "abc", 5, 5, 100, W), "the range from low 5 to mid 5 is empty; mid must be above"),
    (A, Write(4, "abc", 5, 5, 100, A), NO_WRITE),
]


@pytest.mark.parametrize(("server", "operation", "why"), REFUSED)
def test_a_server_refuses_and_says_why(server: str, operation: RegisterOperation, why: str) -> None:
    step = SYSTEM.handle(server, Server(), Receive("c1", Ask(C1, operation)))
    persist, send = step.effects
    assert step.state == Server(has(of=(C1,)))
    assert persist == Persist(has(of=(C1,)))
    assert isinstance(send, Send)
    assert isinstance(send.body, Answer)
    assert isinstance(send.body.result, Refused)
    assert send.body.result.why.startswith(why)


def test_the_exact_words_of_a_refusal() -> None:
    assert NO_WRITE == "Unauthorized to do write request"
    assert NO_READ == "Unauthorized to do read request"


def test_an_input_that_cannot_happen_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="was given ChangeRole"):
        SYSTEM.handle(A, Server(), ChangeRole())
    with pytest.raises(AssertionError, match="was given Invoke"):
        SYSTEM.handle("c1", Waiting(C1), Invoke(READ))


def variant(name: str) -> ReplicatedRegister:
    """The same system with the rules of a mutant."""
    return replace(SYSTEM, rules=MUTANTS[name])


WRONG = [
    pytest.param(
        "B1",
        Server(has(), (Querying(C2, TWO, frozenset({B})),)),
        Receive(A, Have(C2, ONE)),
        Step(Server(has()), (Send("c2", Answer(C2, TWO.written)),)),
        id="B1 does not write back",
    ),
    pytest.param(
        "B3",
        Server(has(), (Imposing(C2, TWO),)),
        Receive(B, Stored(C2)),
        Step(Server(has()), (Send("c2", Answer(C2, TWO.written)),)),
        id="B3 is content with one of three",
    ),
    pytest.param(
        "B4",
        Server(has(TWO)),
        Receive(W, Store(C1, ONE)),
        Step(Server(has(ONE)), (Persist(has(ONE)), Send(W, Stored(C1)))),
        id="B4 takes an older record",
    ),
    pytest.param(
        "B5",
        Server(has(ONE)),
        Receive(W, Store(C1, replace(TWO, stamp=1))),
        Step(
            Server(has(replace(TWO, stamp=1))),
            (Persist(has(replace(TWO, stamp=1))), Send(W, Stored(C1))),
        ),
        id="B5 takes another record of the same stamp",
    ),
    pytest.param(
        "B6",
        Server(),
        Recover(has(ONE, stamp=3)),
        Step(Server(has(ONE))),
        id="B6 forgets the stamp",
    ),
    pytest.param(
        "B8",
        Server(has(ONE)),
        Receive(W, Store(C1, TWO)),
        Step(Server(has(TWO)), (Send(W, Stored(C1)), SetTimer(FLUSH))),
        id="B8 acknowledges, and stores later",
    ),
    pytest.param(
        "B8",
        Server(has(ONE)),
        Timeout(FLUSH),
        Step(Server(has(ONE)), (Persist(has(ONE)),)),
        id="B8",
    ),
    pytest.param(
        "B9",
        Server(has(), (Imposing(Request("c2", 2), TWO),)),
        Receive(B, Stored(C2)),
        Step(Server(has(), (Imposing(Request("c2", 2), TWO, frozenset({B})),))),
        id="B9 counts an earlier acknowledgement",
    ),
]


@pytest.mark.parametrize(("name", "state", "given", "expected"), WRONG)
def test_a_wrong_variant_at_a_reader(
    name: str, state: RegisterState, given: Input, expected: Step[RegisterState]
) -> None:
    assert variant(name).handle(A, state, given) == expected
    assert SYSTEM.rules != MUTANTS[name]


def test_b2_counts_the_writer_which_is_no_reader() -> None:
    step = variant("B2").handle(W, Server(), Receive("c1", Ask(C1, WRITE)))
    assert step.state == Server(has(stamp=1, of=(C1,)), (Writing(C1, ONE, frozenset({W})),))


def test_b5_sends_a_stamp_that_it_has_not_persisted() -> None:
    asked = variant("B5").handle(W, Server(), Receive("c1", Ask(C1, WRITE)))
    assert not any(isinstance(effect, Persist) for effect in asked.effects)
    done = variant("B5").handle(
        W, Server(has(stamp=1), (Writing(C1, ONE, frozenset({A})),)), Receive(B, Stored(C1))
    )
    assert done.effects == (Persist(has(stamp=1)), Send("c1", Answer(C1, ABC.partial)))


def test_b7_has_a_clock_at_the_writer_that_goes_back_once() -> None:
    system = variant("B7")
    start = system.handle(W, system.initial(W), Start())
    assert isinstance(start.effects[0], SetTimer)
    assert system.handle(A, system.initial(A), Start()).effects == ()
    later = system.handle(W, Server(has(stamp=101)), Timeout(start.effects[0].timer))
    assert later == Step(Server(has(stamp=99)))


def test_b10_trusts_the_copy_that_the_client_has() -> None:
    former = load_access(DEMO).only(1)
    system = replace(variant("B10"), copies=(("c2", former),))
    write = Write(4, "abc", 5, 25, 100, A)
    assert system.handle("c1", Idle(), Invoke(write)).effects == (Return(Refused(NO_WRITE)),)
    assert system.handle("c2", Idle(), Invoke(write)).effects == (Return(Refused(NO_WRITE)),)
    carried_out = system.handle(A, Server(), Receive("c1", Ask(C1, write)))
    assert to_all(Store(C1, ONE)) == carried_out.effects[1:]


def test_two_nodes_cannot_share_a_name() -> None:
    with pytest.raises(AssertionError, match="two nodes share a name"):
        ReplicatedRegister(load_access(DEMO), ("c1", "s50051"))


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (Idle(3), "idle"),
        (Waiting(C1), "waits for c1.1"),
        (Server(has(stamp=1, of=(C1,))), "empty"),
        (Server(has(ONE)), "4: abc(5, 25, 100) @1"),
        (Server(has(), (Writing(C1, ONE, frozenset({A})),)), "c1.1 writes (1 stored it)"),
        (
            Server(has(), (Querying(C1, ONE), Imposing(C2, ONE))),
            "c1.1 asks (0 answered), c2.1 writes back (0 stored it)",
        ),
    ],
)
def test_how_a_report_shows_a_state(state: RegisterState, text: str) -> None:
    assert show(state) == text
