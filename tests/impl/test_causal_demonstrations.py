"""Lost, found, glad: what server 3 shows when, and what carol is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from counterpoint.harness.catalog import build
from counterpoint.harness.systems.causal_lamport import status
from counterpoint.impl.stores.causal_deps import Server as DepsServer
from counterpoint.impl.stores.demonstrations import (
    DEPS,
    FOUND,
    GLAD,
    LAMPORT,
    LOST,
    SOURCE_RULE,
    U_GLAD,
)
from counterpoint.impl.stores.words import Applied, Await, Found, Stalled, Told, Write, Written
from counterpoint.model.actions import Deliver
from counterpoint.model.faults import Release
from counterpoint.model.search.replay import judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.world import Action


def played(system: str, choices: Sequence[Action], mutant: str | None = None) -> Trace:
    """The run of a schedule in the scenario of the demonstration."""
    return run(build(system, scenario="lost_found_glad", mutant=mutant), choices)


def said(trace: Trace, node: str) -> list[Value]:
    """What a node noted."""
    return [event.value for event in trace.events if event.kind == "note" and event.node == node]


def results(trace: Trace) -> list[tuple[str | None, Value]]:
    """Who was answered what."""
    return [(event.node, event.value) for event in trace.events if event.kind == "return"]


EVERYTHING = [
    ("alice", Written(LOST.version)),
    ("alice", Written(FOUND.version)),
    ("bob", Found("found", FOUND)),
    ("bob", Written(GLAD.version)),
]


def test_glad_stalls_at_server_3_until_found_is_applied() -> None:
    trace = played("causal_deps", DEPS)
    assert said(trace, "s3") == [
        Applied(LOST, LOST),
        Stalled(GLAD.version, (FOUND.version,)),
        Applied(FOUND, FOUND),
        Applied(GLAD, GLAD),
    ]
    assert str(said(trace, "s3")[1]) == "glad@3.2 stalled: waits for found@2.1"
    assert results(trace) == [
        *EVERYTHING,
        ("carol", Found("glad")),
        ("carol", Found("found", FOUND)),
    ]
    assert not any(verdict.is_broken for verdict in judge(trace))


def test_while_it_stalls_the_state_says_so() -> None:
    trace = played("causal_deps", DEPS)
    arrival = DEPS.index(Deliver("s2", "s3", U_GLAD))
    before, after = (trace.worlds[arrival + k].node_state("s3").state for k in (0, 1))
    assert isinstance(before, DepsServer)
    assert before.stalled == ()
    assert str(after) == "lost@1.1=ring; glad@3.2 stalled: waits for found@2.1"
    assert str(trace.final.node_state("s3").state) == "found@2.1=ring, glad@3.2=bob, lost@1.1=ring"


def test_carol_is_told_in_the_order_of_her_server_whatever_comes_first() -> None:
    trace = played("causal_deps", DEPS)
    assert said(trace, "carol") == [Told(LOST), Told(FOUND), Told(GLAD)]


def test_in_the_other_store_nobody_sees_found_before_server_3_has_it() -> None:
    trace = played("causal_lamport", LAMPORT)
    release = next(k for k, choice in enumerate(LAMPORT) if isinstance(choice, Release))
    shown = [e for e in trace.events if isinstance(e.value, Applied) and e.value.copy == FOUND]
    assert len(shown) == 3
    assert min(event.step for event in shown) > release
    waiting = trace.worlds[release]
    assert status(waiting, "alice", Write("found", "ring")) == "s1: found@2.1 waits to hear from s3"
    assert "waits" in status(waiting, "bob", Await("found"))


def test_and_all_servers_apply_the_three_in_their_order() -> None:
    trace = played("causal_lamport", LAMPORT)
    for server in ("s1", "s2", "s3"):
        order = [note.copy for note in said(trace, server) if isinstance(note, Applied)]
        assert order == [LOST, FOUND, GLAD]
    assert sorted(map(str, results(trace))) == sorted(
        map(str, [*EVERYTHING, ("carol", Found("glad", GLAD)), ("carol", Found("found", FOUND))])
    )
    assert not any(verdict.is_broken for verdict in judge(trace))


def test_under_the_rule_of_the_source_glad_is_visible_at_server_3_while_found_is_not() -> None:
    trace = played("causal_lamport", SOURCE_RULE, "D1")
    assert said(trace, "s3") == [Applied(LOST, LOST), Applied(GLAD, GLAD)]
    assert results(trace)[-2:] == [("carol", Found("glad", GLAD)), ("carol", Found("found"))]
    assert str(trace.final.node_state("s3").state).startswith("glad@3.2=bob, lost@1.1=ring")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "causal order",
            "glad was visible at s3 before found, although found happened before glad: "
            "alice wrote found, bob read it, bob wrote glad",
        ),
        (
            "causal consistency",
            "glad='bob' was visible to carol before found='ring', although found='ring' "
            "happened before glad='bob': alice wrote found='ring', bob read it, bob wrote "
            "glad='bob'; yet carol read glad='bob' and then found=None (WriteCOInitRead)",
        ),
    ],
)
def test_which_is_told_in_one_sentence(name: str, sentence: str) -> None:
    verdicts = {v.property: v for v in judge(played("causal_lamport", SOURCE_RULE, "D1"))}
    assert verdicts[name].is_broken
    assert verdicts[name].summary == sentence


def test_the_reasons_name_the_steps() -> None:
    verdict = judge(played("causal_lamport", SOURCE_RULE, "D1"))[0]
    assert verdict.because == (
        "bob read found=ring (step 15), which alice wrote (step 9)",
        "bob read found=ring (step 15), then wrote glad=bob (step 16)",
        "s3 showed glad (step 19) and not yet found",
    )
    assert [edge.rule for edge in verdict.edges] == ["reads-from", "program order", "visibility"]
    assert verdict.culprits == ("o2", "o3", "o4")
