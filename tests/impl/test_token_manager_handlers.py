"""The token manager input by input: payments, snapshots, the servers that answer, and crashes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.messages import (
    Announce,
    Ask,
    Holds,
    Impose,
    Stale,
    Store,
    Stored,
    Told,
    Where,
)
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.rules import RIGHT, VARIANTS, TokenRules
from counterpoint.impl.token_manager.states import (
    Asking,
    Collecting,
    Idle,
    Imposing,
    Kept,
    Memory,
    Paying,
    Serving,
    TokenState,
)
from counterpoint.impl.token_manager.steps import AGAIN, DISK
from counterpoint.impl.token_manager.words import (
    NO_OWNER,
    NO_PAYEE,
    NO_TOKEN,
    NOT_OWNER,
    OK,
    TIMED_OUT,
    Configuration,
    Finish,
    GetTokens,
    Holding,
    Keeps,
    Pay,
    Pays,
    Rejected,
    Reloads,
    TokenStatus,
)
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Input,
    Invoke,
    Note,
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
from counterpoint.model.values import NodeId, Value

FIRST = Configuration(1, ("s1", "s2", "s3"))
NEXT = Configuration(2, ("s1", "s2", "s3", "s4"))
PAID = Holding(0, 2, 2)
"""Token 0, of c1 at first, was paid to c2."""


def handled(
    node: NodeId, state: TokenState, given: Input, rules: TokenRules = RIGHT
) -> Step[TokenState]:
    """Return what a node of six clients, three servers and six tokens does."""
    return TokenManager(Deployment(6, 3, 6, rules)).handle(node, state, given)


def replies(effects: tuple[Effect, ...]) -> list[Value]:
    """Return the answers to users among effects."""
    return [effect.result for effect in effects if isinstance(effect, Return)]


def sends(effects: tuple[Effect, ...]) -> list[tuple[NodeId, Value]]:
    """Return receivers and bodies of the messages among effects."""
    return [(effect.to, effect.body) for effect in effects if isinstance(effect, Send)]


# ---- what is refused at once ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "call", "why"),
    [
        (Idle(Memory(FIRST)), Pay(6, 2), NO_TOKEN),
        (Idle(Memory(FIRST)), Pay(-1, 2), NO_TOKEN),
        (Idle(Memory(FIRST)), Pay(0, 10), NO_PAYEE),
        (Idle(Memory(FIRST)), Pay(0, 0), NO_PAYEE),
        (Idle(Memory(FIRST)), GetTokens(10), NO_OWNER),
        (Idle(Memory(FIRST)), TokenStatus(), "c1 is a client"),
        (Serving(Memory(FIRST)), Pay(0, 2), "c1 is a server"),
        (Serving(Memory(FIRST)), GetTokens(1), "c1 is a server"),
    ],
)
def test_a_call_that_nobody_can_make_is_refused_at_once(
    state: TokenState, call: Value, why: str
) -> None:
    step = handled("c1", state, Invoke(call))
    assert step == Step(state, (Return(Rejected(why)),))


def test_a_server_shows_all_tokens_and_not_only_those_that_were_paid() -> None:
    (shown,) = replies(
        handled("s1", Serving(Memory(FIRST), (PAID,)), Invoke(TokenStatus())).effects
    )
    assert isinstance(shown, tuple)
    assert shown == (PAID, *(Holding(token, 1, token + 1) for token in range(1, 6)))


# ---- payments ------------------------------------------------------------------------------------


def test_a_payment_first_asks_every_server_who_has_the_token() -> None:
    step = handled("c1", Idle(Memory(FIRST, request=4)), Invoke(Pay(0, 2)))
    assert step.state == Asking(Memory(FIRST, request=5), Pay(0, 2))
    assert sends(step.effects) == [(server, Ask(5, FIRST, 0)) for server in FIRST.servers]
    assert step.effects[0] == Persist(Kept(Memory(FIRST, request=5)))
    assert SetTimer(AGAIN) in step.effects


ASKING = Asking(Memory(FIRST, 5), Pay(0, 2))
FIRST_HOLDING = Holding(0, 1, 1)


def test_a_majority_decides_who_has_the_token_and_then_the_payment_begins() -> None:
    one = handled("c1", ASKING, Receive("s2", Told(5, (FIRST_HOLDING,))))
    assert one.state == replace(ASKING, heard=(("s2", (FIRST_HOLDING,)),))
    assert one.effects == ()
    two = handled("c1", one.state, Receive("s3", Told(5, (FIRST_HOLDING,))))
    assert two.state == Paying(Memory(FIRST, 6), PAID)
    assert sends(two.effects) == [(server, Store(6, FIRST, PAID)) for server in FIRST.servers]
    assert two.effects[:2] == (Note(Pays(PAID)), Persist(Kept(Memory(FIRST, 6), PAID)))


def test_a_server_that_answers_twice_counts_once() -> None:
    heard = replace(ASKING, heard=(("s2", (FIRST_HOLDING,)),))
    again = Receive("s2", Told(5, (FIRST_HOLDING,)))
    assert handled("c1", heard, again) == Step(heard)
    assert isinstance(handled("c1", heard, again, VARIANTS["A10"]).state, Paying)


def test_the_newest_version_of_a_majority_decides_and_not_the_first_heard() -> None:
    heard = replace(ASKING, heard=(("s2", (Holding(0, 3, 1),)),))
    step = handled("c1", heard, Receive("s1", Told(5, (PAID,))))
    assert step.state == Paying(Memory(FIRST, 6), Holding(0, 4, 2))


def test_a_token_that_belongs_to_someone_else_is_not_paid() -> None:
    heard = replace(ASKING, heard=(("s2", (FIRST_HOLDING,)),))
    step = handled("c1", heard, Receive("s1", Told(5, (PAID,))))
    assert step.state == Idle(Memory(FIRST, 5))
    assert replies(step.effects) == [Rejected(NOT_OWNER)]
    assert CancelTimer(AGAIN) in step.effects


PAYING = Paying(Memory(FIRST, 6), PAID)


def test_a_payment_is_made_once_a_majority_has_stored_it() -> None:
    one = handled("c1", PAYING, Receive("s1", Stored(6)))
    assert (replies(one.effects), len(one.state.heard)) == ([], 1)  # type: ignore[union-attr]
    assert handled("c1", one.state, Receive("s1", Stored(6))) == Step(one.state)
    two = handled("c1", one.state, Receive("s3", Stored(6)))
    assert two == Step(
        Idle(Memory(FIRST, 6)), (Persist(Kept(Memory(FIRST, 6))), CancelTimer(AGAIN), Return(OK))
    )


@pytest.mark.parametrize("body", [Stored(5), Told(6, ()), Holds(6, ())])
def test_answers_to_another_request_or_phase_are_not_counted(body: Value) -> None:
    state = replace(PAYING, heard=(("s1", ()),))
    assert handled("c1", state, Receive("s2", body)) == Step(state)


def test_what_is_not_answered_is_asked_again_and_the_directory_whether_it_still_can_be() -> None:
    state = replace(PAYING, heard=(("s2", ()),))
    step = handled("c1", state, Timeout(AGAIN))
    assert step.state == state
    assert sends(step.effects) == [
        ("s1", Store(6, FIRST, PAID)),
        ("s3", Store(6, FIRST, PAID)),
        (DIRECTORY, Where(1)),
    ]
    assert step.effects[-1] == SetTimer(AGAIN)


def test_giving_a_payment_up_is_the_mistake_of_a4() -> None:
    step = handled("c1", PAYING, Timeout(AGAIN), VARIANTS["A4"])
    assert replies(step.effects) == [Rejected(TIMED_OUT)]
    assert step.state == Idle(Memory(FIRST, 6))


def test_a_payment_that_a_crash_interrupted_is_finished_before_anything_else() -> None:
    step = handled("c1", Idle(Memory(FIRST)), Recover(Kept(Memory(FIRST, 6), PAID)))
    assert step.state == Paying(Memory(FIRST, 7), PAID)
    assert step.effects[0] == Begin(Finish(PAID))
    assert sends(step.effects) == [(server, Store(7, FIRST, PAID)) for server in FIRST.servers]


def test_a_question_that_a_crash_interrupted_is_forgotten() -> None:
    durable = Kept(Memory(FIRST, 5))
    assert handled("c1", ASKING, Recover(durable)) == Step(Idle(Memory(FIRST, 5)))


def test_a_run_can_begin_with_a_payment_half_way() -> None:
    system = TokenManager(Deployment(6, 3, 6), half_way=(("c1", PAID),))
    step = system.handle("c1", system.initial("c1"), Start())
    assert step.state == Paying(Memory(FIRST, 1), PAID)
    assert step.effects[-1] == Note(Pays(PAID)), "its chain must know the version"
    assert system.handle("c2", system.initial("c2"), Start()) == Step(Idle(Memory(FIRST)))


# ---- snapshots -----------------------------------------------------------------------------------


COLLECTING = Collecting(Memory(FIRST, 5), GetTokens(2))
OTHER = Holding(1, 2, 1)


def test_a_snapshot_merges_a_majority_and_imposes_the_merge() -> None:
    asked = handled("c3", Idle(Memory(FIRST, 4)), Invoke(GetTokens(2)))
    assert asked.state == COLLECTING
    assert sends(asked.effects)[0] == ("s1", Ask(5, FIRST, None))
    heard = replace(COLLECTING, heard=(("s1", (PAID,)),))
    step = handled("c3", heard, Receive("s2", Told(5, (OTHER,))))
    view = (PAID, OTHER)
    assert step.state == Imposing(Memory(FIRST, 6), GetTokens(2), view)
    assert sends(step.effects) == [(server, Impose(6, FIRST, view)) for server in FIRST.servers]


IMPOSING = Imposing(Memory(FIRST, 6), GetTokens(2), (PAID,))


def test_a_snapshot_is_returned_when_a_majority_holds_exactly_it() -> None:
    heard = replace(IMPOSING, heard=(("s1", (PAID,)),))
    step = handled("c3", heard, Receive("s2", Holds(6, (PAID,))))
    assert step.state == Idle(Memory(FIRST, 6))
    assert replies(step.effects) == [((0, 2), (1, 1))]


def test_a_server_that_holds_more_begins_the_second_phase_anew() -> None:
    heard = replace(IMPOSING, heard=(("s1", (PAID,)),))
    more = Receive("s2", Holds(6, (PAID, OTHER)))
    step = handled("c3", heard, more)
    assert step.state == Imposing(Memory(FIRST, 7), GetTokens(2), (PAID, OTHER))
    assert replies(handled("c3", heard, more, VARIANTS["A3"]).effects) == [((0, 2), (1, 1))]


def test_a_snapshot_without_write_back_is_the_mistake_of_a2() -> None:
    heard = replace(COLLECTING, heard=(("s1", (PAID,)),))
    step = handled("c3", heard, Receive("s2", Told(5, ())), VARIANTS["A2"])
    assert replies(step.effects) == [((0, 2), (1, 1))]


# ---- servers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "payment", "after"),
    [
        pytest.param((), PAID, (PAID,), id="the first payment of a token"),
        pytest.param((PAID,), Holding(0, 3, 4), (Holding(0, 3, 4),), id="newer: kept"),
        pytest.param((PAID,), PAID, (PAID,), id="the same again: confirmed"),
        pytest.param((Holding(0, 3, 4),), PAID, (Holding(0, 3, 4),), id="older: confirmed"),
        pytest.param((OTHER,), PAID, (PAID, OTHER), id="sorted by token"),
    ],
)
def test_a_server_keeps_a_payment_if_it_is_newer_and_confirms_in_any_case(
    table: tuple[Holding, ...], payment: Holding, after: tuple[Holding, ...]
) -> None:
    step = handled("s1", Serving(Memory(FIRST), table), Receive("c1", Store(6, FIRST, payment)))
    kept = Serving(Memory(FIRST), after)
    assert step.state == kept
    assert step.effects[-1] == Send("c1", Stored(6))
    if after != table:
        assert step.effects[:-1] == (Persist(kept), Note(Keeps((payment,))))
    else:
        assert step.effects[:-1] == ()


def test_taking_an_older_version_is_the_mistake_of_a5() -> None:
    newer = Serving(Memory(FIRST), (Holding(0, 3, 4),))
    step = handled("s1", newer, Receive("c1", Store(6, FIRST, PAID)), VARIANTS["A5"])
    assert step.state == Serving(Memory(FIRST), (PAID,))


def test_answering_before_storing_is_the_mistake_of_a11() -> None:
    order = Receive("c1", Store(6, FIRST, PAID))
    step = handled("s1", Serving(Memory(FIRST)), order, VARIANTS["A11"])
    assert not any(isinstance(effect, Persist) for effect in step.effects)
    later = handled("s1", step.state, Timeout(DISK), VARIANTS["A11"])
    assert later.effects == (Persist(step.state),)


def test_a_server_tells_one_holding_or_its_whole_table() -> None:
    server = Serving(Memory(FIRST), (PAID,))
    one = handled("s1", server, Receive("c1", Ask(3, FIRST, 1)))
    assert sends(one.effects) == [("c1", Told(3, (Holding(1, 1, 2),)))]
    whole = handled("s1", server, Receive("c1", Ask(4, FIRST, None)))
    assert sends(whole.effects) == [("c1", Told(4, (PAID,)))]


def test_a_server_keeps_what_is_newer_of_a_view_and_answers_with_its_own_table() -> None:
    server = Serving(Memory(FIRST), (Holding(0, 3, 4),))
    step = handled("s1", server, Receive("c3", Impose(6, FIRST, (PAID, OTHER))))
    table = (Holding(0, 3, 4), OTHER)
    assert step.state == Serving(Memory(FIRST), table)
    assert sends(step.effects) == [("c3", Holds(6, table))]
    assert Note(Keeps((OTHER,))) in step.effects


def test_a_server_that_runs_again_has_its_durable_table() -> None:
    durable = Serving(Memory(FIRST), (PAID,))
    step = handled("s1", Serving(Memory(FIRST)), Recover(durable))
    assert step == Step(durable, (Note(Reloads((PAID,))),))


# ---- epochs, as a client and a server of them meet them ------------------------------------------


def test_a_call_of_an_epoch_that_is_over_is_told_the_new_one() -> None:
    server = Serving(Memory(NEXT), (PAID,))
    for order in (Ask(5, FIRST, 0), Store(5, FIRST, PAID), Impose(5, FIRST, (PAID,))):
        step = handled("s1", server, Receive("c1", order))
        assert step == Step(server, (Send("c1", Stale(NEXT)),))


def test_a_call_of_an_epoch_that_was_not_installed_here_is_not_served() -> None:
    server = Serving(Memory(FIRST))
    step = handled("s1", server, Receive("c1", Store(5, NEXT, PAID)))
    assert step == Step(server, (Send(DIRECTORY, Where(1)),))


@pytest.mark.parametrize("news", [Stale(NEXT), Announce(NEXT)])
def test_a_client_repeats_its_phase_in_the_new_epoch_and_counts_from_none(news: Value) -> None:
    state = replace(PAYING, heard=(("s2", ()),))
    step = handled("c1", state, Receive("s1", news))
    assert step.state == Paying(Memory(NEXT, 7), PAID)
    assert sends(step.effects) == [(server, Store(7, NEXT, PAID)) for server in NEXT.servers]


def test_old_news_changes_nothing() -> None:
    state = Paying(Memory(NEXT, 7), PAID)
    assert handled("c1", state, Receive("s1", Stale(FIRST))) == Step(state)


def test_a_majority_is_of_the_servers_of_the_epoch() -> None:
    state = Paying(Memory(NEXT, 7), PAID, heard=(("s1", ()),))
    two = handled("c1", state, Receive("s2", Stored(7)))
    assert replies(two.effects) == [], "2 of 4"
    assert replies(handled("c1", two.state, Receive("s4", Stored(7))).effects) == [OK]
    wrong = handled("c1", state, Receive("s2", Stored(7)), VARIANTS["A8"])
    assert replies(wrong.effects) == [OK], "2, as in the first epoch"
