"""From a recorded history to the simulator: the calls and faults around a violation, as a scenario.

What broke for real is looked for among all runs of these calls, with faults of the kinds that were
there. A run that breaks a property is minimised, and replays from its file like any other: the
scenario is in its header.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.hostings import hosting_of
from counterpoint.harness.live.judging import scenario_of
from counterpoint.harness.live.live_history import LiveHistory, LoggedCall, classes_of
from counterpoint.harness.live.nemesis import Mark
from counterpoint.harness.memory import full_at_share
from counterpoint.harness.systems import register_properties, stores_plans, token_manager
from counterpoint.impl.host.codec import from_canonical
from counterpoint.impl.host.msgpack import BadBytes
from counterpoint.model.scenario import Calls, Scenario, budgets
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import Counterexample
from counterpoint.model.values import NodeId, Value, canonical, json_text
from counterpoint.model.verdict import Verdict

SYSTEM = "live"
"""The name under which a trace file says that its scenario was recorded."""

CALLS_MAX = 12
CALLS_OF_ONE_MAX = 4
CULPRITS_MAX = 4
FEW = 4
"""At first so many calls are searched beside the culprits: fewer calls have fewer runs."""

FAULTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "kill": {"crash": 2},
        "pause": {"delay": 3},
        "partition": {"delay": 4},
        "slow": {"delay": 3},
        "reset": {"delay": 2},
    }
)
"""What the simulator has for each fault of the nemesis. To a protocol whose links lose nothing, nodes
and links that stand still are messages that are late."""

BOUNDLESS = 1_000_000
"""A limit that says: what happened, happened. Any nodes may then be down at the same time."""


def calls_around(
    history: LiveHistory, verdict: Verdict | None, *, calls_max: int = CALLS_MAX
) -> Calls:
    """Return the calls of a violation, or the last ones, and those made at about the same time.

    At most `calls_max` in all: the culprits, then the nearest in time (see `_nearest`).
    """
    spans = history.spans
    culprits = [spans[name] for name in culprits_of(history, verdict)[-CULPRITS_MAX:]]
    if not culprits:
        culprits = [*spans.values()][-2:]
    begin, end = min(s.called for s in culprits), max(s.returned or s.called for s in culprits)
    chosen: dict[str, LoggedCall] = {span.name: span for span in culprits}
    count = Counter(span.node for span in culprits)
    for span in _nearest(spans.values(), begin, end):
        if len(chosen) >= calls_max:
            break
        if span.name not in chosen and count[span.node] < CALLS_OF_ONE_MAX:
            chosen[span.name] = span
            count[span.node] += 1
    calls: dict[NodeId, tuple[Value, ...]] = {}
    for span in sorted(chosen.values(), key=lambda span: span.called):
        calls[span.node] = (*calls.get(span.node, ()), span.operation)
    return calls


def culprits_of(history: LiveHistory, verdict: Verdict | None) -> tuple[str, ...]:
    """Return the operations that a violation is about, the deciding one last.

    A verdict on notes names no operations, but moments: then it is about those that were under way
    at their nodes.
    """
    if verdict is None:
        return ()
    if verdict.culprits:
        return tuple(name for name in verdict.culprits if name in history.spans)
    moments = {step for reason in verdict.reasons for step in reason.steps}
    under_way: dict[NodeId | None, str] = {}
    found: list[str] = []
    for event in history.events:
        if event.kind == "invoke" and event.operation is not None:
            under_way[event.node] = event.operation
        if event.step in moments and event.node in under_way:
            found.append(under_way[event.node])
        if event.kind in ("return", "crash", "recover"):
            under_way.pop(event.node, None)
    return tuple(dict.fromkeys(found))


def _nearest(spans: Iterable[LoggedCall], begin: int, end: int) -> Iterator[LoggedCall]:
    """Return calls by their distance from a time; of those under way then, kinds and nodes in turns.

    Between two payments of one token there may be hundreds of others, and a few changes of role.
    """
    rounds: Counter[tuple[type, NodeId, int]] = Counter()
    turns: dict[str, tuple[int, int]] = {}
    for span in spans:
        distance = _distance(span, begin, end)
        rounds[type(span.operation), span.node, distance] += 1
        turns[span.name] = (distance, rounds[type(span.operation), span.node, distance])
    places: Counter[tuple[type, int]] = Counter()
    ranked: list[tuple[int, int, LoggedCall]] = []
    for span in sorted(spans, key=lambda span: turns[span.name]):
        distance, _ = turns[span.name]
        places[type(span.operation), distance] += 1
        ranked.append((distance, places[type(span.operation), distance], span))
    return (span for *_, span in sorted(ranked, key=lambda found: found[:2]))


def _distance(span: LoggedCall, begin: int, end: int) -> int:
    """Return how far a call is from a time, 0 for one that was under way then."""
    return max(begin - (span.returned or span.called), span.called - end, 0)


def limits_of(kinds: Iterable[str]) -> Mapping[str, int]:
    """Return how often which fault may happen in the simulator, given the kinds that did.

    >>> limits_of(["slow", "kill"]), limits_of([])
    ({'delay': 3, 'crash': 2}, {'delay': 2})
    """
    limits: dict[str, int] = {}
    for kind in kinds:
        for fault, count in FAULTS[kind].items():
            limits[fault] = max(limits.get(fault, 0), count)
    return limits or {"delay": 2}


def recorded_scenario(cluster: Cluster, calls: Calls, limits: Mapping[str, int]) -> Scenario:
    """Return the scenario of recorded calls, with where it comes from written on it."""
    plain = scenario_of(cluster)
    is_bounded = max(limits.values(), default=0) < BOUNDLESS
    spared = hosting_of(cluster.system).is_spared
    allowed = {kind: count for kind, count in limits.items() if kind != "crash" or not spared("s1")}
    text = json_text(
        {
            "system": cluster.system,
            "mutant": cluster.mutant,
            "settings": dict(cluster.settings),
            "access": _access_text(cluster),
            "calls": {node: canonical(operations) for node, operations in calls.items()},
            "limits": dict(limits),
        }
    )
    return plain.replace(
        name="recorded",
        calls=MappingProxyType(dict(calls)),
        limits=budgets(**allowed),
        tolerates=_BOUNDS[cluster.system](plain) if is_bounded else _anything,
        walk_steps=(20, 160),
        min_calls_per_run=0.5,
        origin=MappingProxyType({"system": SYSTEM, "set.recorded": text}),
    )


def rebuilt(settings: Mapping[str, str]) -> Scenario:
    """Return the scenario that the header of a trace file describes.

    Raises:
        ValueError: it does not.
    """
    try:
        form = json.loads(settings["recorded"])
        classes = classes_of(hosting_of(form["system"]).vocabulary)
        calls = {node: from_canonical(ops, classes) for node, ops in form["calls"].items()}
        cluster = Cluster(
            form["system"], {}, Path(), form["settings"], form["mutant"], access_text=form["access"]
        )
        return recorded_scenario(cluster, calls, form["limits"])  # type: ignore[arg-type]
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, BadBytes) as error:
        raise ValueError(f"setting recorded is no recorded scenario: {error}") from None


def system_behind(origin: Mapping[str, str]) -> str:
    """Return which system of the catalog a header means, if need be by the cluster that was recorded.

    >>> system_behind({"system": "live", "set.recorded": '{"system": "register"}'})
    'register'
    >>> system_behind({"system": "token_manager"})
    'token_manager'
    """
    name = origin.get("system", "")
    return str(json.loads(origin["set.recorded"])["system"]) if name == SYSTEM else name


def _access_text(cluster: Cluster) -> str:
    if cluster.access is not None:
        return cluster.access.read_text(encoding="utf-8")
    return cluster.access_text


def searched(
    cluster: Cluster,
    history: LiveHistory,
    verdict: Verdict | None,
    marks: Sequence[Mark],
    *,
    seconds: float,
) -> Counterexample | None:
    """Search the simulator for a violation of the calls around one that happened for real.

    Half the time goes to few calls, half to as many as `CALLS_MAX`.
    """
    limits = limits_of(dict.fromkeys(mark.kind for mark in marks))
    few = max(len(culprits_of(history, verdict)[-CULPRITS_MAX:]), 2) + FEW
    for calls_max in (few, CALLS_MAX):
        calls = calls_around(history, verdict, calls_max=calls_max)
        campaign = Campaign(
            recorded_scenario(cluster, calls, limits), seed=1, is_full=full_at_share()
        )
        for _ in campaign.search(Budgets(None, seconds / 2)):
            pass
        example = campaign.counterexample()
        if example is not None:
            return example
    return None


def _anything(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
    del failed, roles
    return True


def _register_bound(scenario: Scenario) -> Any:
    return register_properties.survives(scenario.system.access)  # type: ignore[attr-defined]


def _token_bound(scenario: Scenario) -> Any:
    del scenario
    return token_manager.survives()


def _store_bound(scenario: Scenario) -> Any:
    del scenario
    return stores_plans.survives(())


_BOUNDS: Mapping[str, Callable[[Scenario], Any]] = MappingProxyType(
    {
        "register": _register_bound,
        "token_manager": _token_bound,
        "causal_deps": _store_bound,
        "causal_lamport": _store_bound,
    }
)
