"""The token manager input by input: changes of role - the directory, servers and clients in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterpoint.impl.quorum import majority
from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.messages import (
    Announce,
    Closed,
    Install,
    Installed,
    Refused,
    Seal,
    Stale,
    Store,
    Stored,
    Where,
    Wish,
)
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.rules import RIGHT, VARIANTS, TokenRules
from counterpoint.impl.token_manager.states import (
    Asking,
    Idle,
    Installing,
    Joining,
    Kept,
    Memory,
    Paying,
    Sealed,
    Sealing,
    Serving,
    TokenState,
    Watching,
)
from counterpoint.impl.token_manager.steps import AGAIN
from counterpoint.impl.token_manager.words import (
    OK,
    Begins,
    Configuration,
    Holding,
    HoldingTable,
    Keeps,
    Pay,
    Rejected,
    Transform,
)
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    ChangeRole,
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
    Step,
    Timeout,
)
from counterpoint.model.values import NodeId, Value

FIRST = Configuration(1, ("s1", "s2", "s3"))
NEXT = Configuration(2, ("c1", "s1", "s2", "s3"))
PAID, OTHER = Holding(0, 2, 2), Holding(1, 2, 1)


def handled(
    node: NodeId, state: TokenState, given: Input, rules: TokenRules = RIGHT
) -> Step[TokenState]:
    """Return what a node of two clients, three servers and two tokens does."""
    return TokenManager(Deployment(2, 3, 2, rules)).handle(node, state, given)


def sends(effects: tuple[Effect, ...]) -> list[tuple[NodeId, Value]]:
    """Return receivers and bodies of the messages among effects."""
    return [(effect.to, effect.body) for effect in effects if isinstance(effect, Send)]


def of_size(count: int, epoch: int = 1) -> Configuration:
    """Return a configuration of so many servers."""
    return Configuration(epoch, tuple(f"s{number + 1}" for number in range(count)))


# ---- the bounds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("servers", [-1, 0, 1, 2, 8, 100])
def test_no_deployment_has_fewer_than_three_servers_or_more_than_seven(servers: int) -> None:
    with pytest.raises(ValueError, match=f"^{servers} servers; the token manager runs with 3 to 7"):
        Deployment(6, servers)


@pytest.mark.parametrize(("clients", "tokens"), [(0, 60), (6, 0)])
def test_no_deployment_is_without_clients_or_tokens(clients: int, tokens: int) -> None:
    with pytest.raises(ValueError, match="there must be one of each at least"):
        Deployment(clients, 3, tokens)


def test_six_clients_have_ten_of_sixty_tokens_each() -> None:
    deployment = Deployment()
    assert deployment.owners[:6] == ("c1", "c2", "c3", "c4", "c5", "c6")
    for owner in range(1, 7):
        tokens = deployment.tokens_of(owner, ())
        assert tokens == tuple((token, 1) for token in range(60) if token % 6 + 1 == owner)
        assert len(tokens) == 10


@pytest.mark.parametrize("count", range(3, 8))
def test_a_client_becomes_a_server_while_there_are_fewer_than_seven(count: int) -> None:
    watching = Watching(of_size(count))
    step = handled(DIRECTORY, watching, Receive("c1", Wish("server", 1)))
    if count == 7:
        why = "c1 stays a client: there are 7 servers, and at most 7 may be"
        assert step == Step(watching, (Send("c1", Refused(1, why)),))
    else:
        assert isinstance(step.state, Sealing)
        assert step.state.following.servers == ("c1", *of_size(count).servers)


@pytest.mark.parametrize("count", range(3, 8))
def test_a_server_becomes_a_client_while_there_are_more_than_three(count: int) -> None:
    watching = Watching(of_size(count))
    step = handled(DIRECTORY, watching, Receive("s1", Wish("client", 1)))
    if count == 3:
        why = "s1 stays a server: there are 3, and at least 3 are needed"
        assert step == Step(watching, (Send("s1", Refused(1, why)),))
    else:
        assert isinstance(step.state, Sealing)
        assert step.state.following.servers == of_size(count).servers[1:]


@pytest.mark.parametrize("role", ["client", "server"])
def test_a_refusal_ends_the_wish_with_its_reason(role: str) -> None:
    refused = Receive(DIRECTORY, Refused(1, "there are 7"))
    memory = Memory(FIRST, wishes=True)
    state: TokenState = Joining(memory) if role == "client" else Serving(memory)
    step = handled("c1", state, refused)
    assert step.effects[-1] == Return(Rejected("there are 7"))
    assert step.state.memory == Memory(FIRST)  # type: ignore[union-attr]
    late = replace(refused, body=Refused(0, "there were 7"))
    assert handled("c1", state, late) == Step(state), "of an epoch that is over"


# ---- the directory -------------------------------------------------------------------------------


def test_a_change_seals_the_old_servers_first() -> None:
    step = handled(DIRECTORY, Watching(FIRST), Receive("c1", Wish("server", 1)))
    assert step.state == Sealing(FIRST, NEXT)
    assert sends(step.effects) == [(server, Seal(NEXT)) for server in FIRST.servers]


@pytest.mark.parametrize("count", range(3, 8))
def test_a_majority_of_the_old_servers_is_sealed_before_anything_is_installed(count: int) -> None:
    old = of_size(count)
    following = Configuration(2, (*old.servers, "s9"))
    state: TokenState = Sealing(old, following)
    for number, server in enumerate(old.servers[: majority(count)], start=1):
        table = (PAID,) if number == 1 else ()
        step = handled(DIRECTORY, state, Receive(server, Closed(2, table)))
        assert bool(sends(step.effects)) == (number == majority(count))
        again = handled(DIRECTORY, step.state, Receive(server, Closed(2, table)))
        assert again == Step(step.state), "a second copy counts nothing"
        state = step.state
    assert state == Installing(following, (PAID,))
    assert sends(step.effects) == [(s, Install(following, (PAID,))) for s in following.servers]


@pytest.mark.parametrize("count", range(3, 8))
def test_a_change_is_announced_once_a_majority_of_the_new_servers_has_it(count: int) -> None:
    following = Configuration(2, of_size(count).servers)
    state: TokenState = Installing(following, (PAID,))
    for server in following.servers[: majority(count)]:
        assert isinstance(state, Installing)
        step = handled(DIRECTORY, state, Receive(server, Installed(2)))
        state = step.state
    assert state == Watching(following, (PAID,))
    told = [to for to, body in sends(step.effects) if body == Announce(following)]
    assert told == ["c1", "c2"], "everybody who is no server"


def test_one_change_at_a_time_and_the_others_wait_in_order() -> None:
    state: TokenState = Sealing(FIRST, NEXT)
    for node, role in (("c2", "server"), ("s1", "client"), ("c2", "server")):
        step = handled(DIRECTORY, state, Receive(node, Wish(role, 1)))  # type: ignore[arg-type]
        assert step.effects == ()
        state = step.state
    assert state == Sealing(FIRST, NEXT, queue=(("s1", "client"), ("c2", "server")))
    assert isinstance(state, Sealing)
    installing = Installing(NEXT, (), heard=(("c1", ()), ("s2", ())), queue=state.queue)
    step = handled(DIRECTORY, installing, Receive("s3", Installed(2)))
    following = Configuration(3, ("c1", "s2", "s3"))
    assert step.state == Sealing(NEXT, following, queue=(("c2", "server"),))
    assert sends(step.effects) == [(server, Seal(following)) for server in NEXT.servers]


def test_who_has_missed_a_change_is_told_of_it() -> None:
    watching = Watching(NEXT, (PAID,))
    for word in (Where(1), Wish("server", 1)):
        step = handled(DIRECTORY, watching, Receive("c1", word))
        assert step == Step(watching, (Send("c1", Install(NEXT, (PAID,))),)), "a server of it"
        step = handled(DIRECTORY, watching, Receive("c2", word))
        assert step == Step(watching, (Send("c2", Announce(NEXT)),))
    assert handled(DIRECTORY, watching, Receive("c2", Where(2))) == Step(watching)


def test_the_directory_asks_those_again_that_are_silent() -> None:
    sealing = Sealing(FIRST, NEXT, heard=(("s2", ()),))
    step = handled(DIRECTORY, sealing, Timeout(AGAIN))
    assert sends(step.effects) == [("s1", Seal(NEXT)), ("s3", Seal(NEXT))]
    installing = Installing(NEXT, (PAID,), heard=(("s2", ()), ("c1", ())))
    step = handled(DIRECTORY, installing, Timeout(AGAIN))
    order = Install(NEXT, (PAID,))
    assert sends(step.effects) == [("s1", order), ("s3", order)]


def test_the_directory_takes_no_calls() -> None:
    watching = Watching(FIRST)
    step = handled(DIRECTORY, watching, Invoke(Transform()))
    assert step == Step(watching, (Return(Rejected("d is the directory")),))
    assert handled(DIRECTORY, watching, ChangeRole()) == Step(watching)


# ---- servers -------------------------------------------------------------------------------------


def test_a_sealed_server_serves_the_old_epoch_no_more_and_the_new_one_not_yet() -> None:
    serving = Serving(Memory(FIRST), (PAID,))
    step = handled("s1", serving, Receive(DIRECTORY, Seal(NEXT)))
    sealed = Sealed(Memory(FIRST), NEXT, (PAID,))
    assert step == Step(sealed, (Persist(sealed), Send(DIRECTORY, Closed(2, (PAID,)))))
    old = handled("s1", sealed, Receive("c2", Store(5, FIRST, OTHER)))
    assert old == Step(sealed, (Send("c2", Stale(NEXT)),))
    new = handled("s1", sealed, Receive("c2", Store(5, NEXT, OTHER)))
    assert new == Step(sealed, (Send(DIRECTORY, Where(1)),))


def test_a_sealed_server_hands_over_its_table_as_often_as_it_is_asked() -> None:
    sealed = Sealed(Memory(FIRST), NEXT, (PAID,))
    step = handled("s1", sealed, Receive(DIRECTORY, Seal(NEXT)))
    assert sends(step.effects) == [(DIRECTORY, Closed(2, (PAID,)))]


def test_serving_on_after_a_seal_is_the_mistake_of_a7() -> None:
    serving = Serving(Memory(FIRST))
    step = handled("s1", serving, Receive(DIRECTORY, Seal(NEXT)), VARIANTS["A7"])
    assert step.state == serving
    stored = handled("s1", Serving(Memory(NEXT)), Receive("c2", Store(5, FIRST, PAID)))
    assert sends(stored.effects) == [("c2", Stale(NEXT))]
    stored = handled(
        "s1", Serving(Memory(NEXT)), Receive("c2", Store(5, FIRST, PAID)), VARIANTS["A7"]
    )
    assert sends(stored.effects) == [("c2", Stored(5))]


@pytest.mark.parametrize(
    ("own", "transferred", "after"),
    [
        ((), (PAID,), (PAID,)),
        ((Holding(0, 3, 1),), (PAID, OTHER), (Holding(0, 3, 1), OTHER)),
        ((PAID,), (PAID,), (PAID,)),
    ],
)
def test_an_installed_server_has_the_newest_of_its_own_and_of_the_merge(
    own: HoldingTable, transferred: HoldingTable, after: HoldingTable
) -> None:
    order = Receive(DIRECTORY, Install(NEXT, transferred))
    for before in (Sealed(Memory(FIRST), NEXT, own), Serving(Memory(FIRST), own)):
        step = handled("s1", before, order)
        assert step.state == Serving(Memory(NEXT), after)
        assert step.effects[0] == Persist(step.state)
        assert sends(step.effects) == [(DIRECTORY, Installed(2))]
        new = tuple(holding for holding in after if holding not in own)
        assert (Note(Keeps(new)) in step.effects) == bool(new)


def test_an_epoch_that_is_installed_already_is_confirmed_again() -> None:
    serving = Serving(Memory(NEXT), (OTHER,))
    step = handled("s1", serving, Receive(DIRECTORY, Install(NEXT, (PAID,))))
    assert step == Step(serving, (Send(DIRECTORY, Installed(2)),))


def test_an_epoch_that_a_later_seal_has_ended_is_not_installed_any_more() -> None:
    sealed = Sealed(Memory(FIRST), Configuration(3, ("s1", "s2", "s3")))
    assert handled("s1", sealed, Receive(DIRECTORY, Install(NEXT, (PAID,)))) == Step(sealed)


def test_no_transfer_is_the_mistake_of_a6() -> None:
    order = Receive(DIRECTORY, Install(NEXT, (PAID,)))
    step = handled("c1", Joining(Memory(FIRST, wishes=True)), order, VARIANTS["A6"])
    assert step.state == Serving(Memory(NEXT), ())


def test_a_server_serves_until_it_may_leave() -> None:
    step = handled("s1", Serving(Memory(FIRST), (PAID,)), Invoke(Transform()))
    leaving = Serving(Memory(FIRST, wishes=True), (PAID,))
    assert step == Step(
        leaving, (Persist(leaving), Send(DIRECTORY, Wish("client", 1)), SetTimer(AGAIN))
    )
    stored = handled("s1", leaving, Receive("c2", Store(5, FIRST, OTHER)))
    assert sends(stored.effects) == [("c2", Stored(5))]


def test_a_server_that_left_is_a_client_whose_requests_go_on_from_its_last() -> None:
    following = Configuration(2, ("s2", "s3", "c1"))
    for before in (
        Serving(Memory(FIRST, 7, wishes=True), (PAID,)),
        Sealed(Memory(FIRST, 7, wishes=True), following, (PAID,)),
    ):
        step = handled("s1", before, Receive(DIRECTORY, Announce(following)))
        assert step.state == Idle(Memory(following, 7))
        assert step.effects == (
            Persist(Kept(Memory(following, 7))),
            CancelTimer(AGAIN),
            Return(OK),
        )


def test_a_wish_outlives_a_crash() -> None:
    durable = Sealed(Memory(FIRST, wishes=True), NEXT, (PAID,))
    step = handled("s1", Serving(Memory(FIRST)), Recover(durable))
    assert step.state == durable
    assert Begin(Transform()) in step.effects
    assert sends(step.effects) == [(DIRECTORY, Wish("client", 1))]


# ---- clients -------------------------------------------------------------------------------------


def test_a_client_that_wishes_to_join_makes_no_calls_until_it_is_decided() -> None:
    step = handled("c1", Idle(Memory(FIRST)), Invoke(Transform()))
    wishing = Memory(FIRST, wishes=True)
    assert step == Step(
        Joining(wishing),
        (Persist(Kept(wishing)), Send(DIRECTORY, Wish("server", 1)), SetTimer(AGAIN)),
    )


def test_a_client_with_a_call_under_way_finishes_it_first() -> None:
    asking = Asking(Memory(FIRST, 5), Pay(0, 2))
    step = handled("c1", asking, ChangeRole())
    wishing = replace(asking, memory=Memory(FIRST, 5, wishes=True))
    assert step == Step(wishing, (Persist(Kept(wishing.memory)),))
    paying = Paying(Memory(FIRST, 6, wishes=True), PAID, heard=(("s1", ()),))
    done = handled("c1", paying, Receive("s2", Stored(6)))
    assert done.state == Joining(Memory(FIRST, 6, wishes=True))
    assert [e for e in done.effects if isinstance(e, Return | Begin)] == [
        Return(OK),
        Begin(Transform()),
    ]


def test_a_joining_client_is_a_server_once_it_is_installed_and_not_before() -> None:
    joining = Joining(Memory(FIRST, 5, wishes=True))
    early = Receive("c2", Store(5, NEXT, PAID))
    assert handled("c1", joining, early) == Step(joining)
    wrong = handled("c1", joining, early, VARIANTS["A12"])
    assert isinstance(wrong.state, Serving)
    step = handled("c1", joining, Receive(DIRECTORY, Install(NEXT, (PAID,))))
    assert step.state == Serving(Memory(NEXT, 5), (PAID,))
    assert step.effects == (
        Persist(step.state),
        Note(Begins((PAID,))),
        CancelTimer(AGAIN),
        Return(OK),
        Send(DIRECTORY, Installed(2)),
    )


def test_a_newcomer_whose_first_epoch_is_over_before_it_began_has_nothing_to_hand_over() -> None:
    following = Configuration(3, ("c1", "s2", "s3"))
    joining = Joining(Memory(FIRST, wishes=True))
    step = handled("c1", joining, Receive(DIRECTORY, Seal(following)))
    assert step.state == Sealed(Memory(FIRST), following, ())
    assert sends(step.effects) == [(DIRECTORY, Closed(3, ()))]
    assert Note(Begins(())) in step.effects


def test_a_wish_counts_in_its_epoch_alone_and_is_repeated_in_the_next() -> None:
    joining = Joining(Memory(FIRST, wishes=True))
    following = Configuration(2, ("s1", "s2", "s3", "c2"))
    step = handled("c1", joining, Receive(DIRECTORY, Announce(following)))
    assert step.state == Joining(Memory(following, wishes=True))
    assert sends(step.effects) == [(DIRECTORY, Wish("server", 2))]
