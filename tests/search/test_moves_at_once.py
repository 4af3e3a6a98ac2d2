"""Slots that are filled in bulk are those that are filled one by one, number for number."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="the numpy engine is optional")

from docs.gallery.raft import scenario as raft  # noqa: E402  numpy must be there first
from hypothesis import example, given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import counterpoint as cp  # noqa: E402
from counterpoint.model.scenario import Scenario  # noqa: E402
from counterpoint.model.search.columnar import filing, moves_at_once  # noqa: E402
from counterpoint.model.search.columnar.explorer import VectorExplorer  # noqa: E402
from counterpoint.model.search.columnar.keys import KeyTable  # noqa: E402
from counterpoint.model.search.columnar.pairs import PairTable, one_by_one  # noqa: E402
from counterpoint.model.search.engine import node_steps  # noqa: E402
from counterpoint.model.search.exploration.explore import Explorer, Limits  # noqa: E402
from tests.search.exploring import counts, finished  # noqa: E402
from tests.search.little import little  # noqa: E402
from tests.search.test_workers import sound, wrong  # noqa: E402
from tests.support.nights import each, examples  # noqa: E402

NEVER = 1 << 40

CALLS = {"c1": [("write", 1), "read"], "c2": [("write", 2)]}


def cases() -> dict[str, tuple[Scenario, dict[str, Any]]]:
    logs = raft().replace(calls=CALLS, limits=cp.faults(fire=2))
    shallow = {"limits": Limits(depth=6)}
    shallower = {"limits": Limits(depth=5)}
    faults = sound()["faults"]
    return {
        "logs and timers": (logs, shallow),
        "logs and crashes": (logs.replace(limits=cp.faults(fire=2, crash=1, drop=1)), shallow),
        "steps that are torn": (logs.replace(limits=cp.faults(fire=2, tear=1)), shallower),
        "steps that are torn, in order": (
            logs.replace(limits=cp.faults(fire=2, tear=1, omit=1), network="ordered"),
            shallower,
        ),
        "logs and timers, in order": (logs.replace(network="ordered"), shallow),
        "logs and timers, lossy": (logs, {"is_lossy": True, **shallow}),
        "what is ignored is consumed": (logs, {"no_op": "consume", **shallow}),
        "what is ignored is forgotten": (faults, {"no_op": "forget"}),
        "open calls": (faults, {"has_open_calls": True}),
        **{name: (scenario, {}) for name, scenario in (sound() | wrong()).items()},
    }


def explorer(scenario: Scenario, few: int, **options: Any) -> VectorExplorer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moves_at_once, "FEW", few)
        patch.setattr(filing, "BLOCK", 50)
        found = VectorExplorer(scenario, chunk_states=100, **options)
        finished(found)
    return found


def told(explorer: VectorExplorer) -> tuple[Any, ...]:
    """Return all that an exploration found, and the number of everything that it met."""
    slots, now = explorer.slots, explorer.progress
    levels = [list(explorer.level(steps)) for steps in range(explorer.level_count)]
    met = [list(of_node) for of_node in slots.slots], slots.environments, slots.batches
    return counts(now), now.violation, levels, met, slots.effects


def by_day(*names: str) -> list[Any]:
    """Return the names of all cases: the others are slow, and one in two is for the night."""
    others = [pytest.param(n, marks=pytest.mark.slow) for n in cases() if n not in names]
    return [*names, *each(2, others)]


@pytest.mark.slow
@pytest.mark.parametrize("name", by_day("logs and timers", "abd 3 1 ordered", "a handler"))
def test_slots_in_bulk_have_the_numbers_of_those_one_by_one(name: str) -> None:
    scenario, options = cases()[name]
    at_once = told(explorer(scenario, few=0, **options))
    assert at_once == told(explorer(scenario, few=NEVER, **options))
    plain = finished(Explorer(scenario, **options))
    assert (plain.violation is None) == (at_once[1] is None)
    assert at_once[1] is not None or at_once[0] == counts(plain)


@pytest.mark.slow
@given(seed=st.integers(0, 10**6))
@examples(10)
def test_in_generated_systems_too(seed: int) -> None:
    limits = Limits(states=500)
    at_once = told(explorer(little(seed), few=0, limits=limits))
    assert at_once == told(explorer(little(seed), few=NEVER, limits=limits))


class Ticking:
    """A node that sends nothing: one table alone is asked, level after level."""

    nodes = ("n",)

    def initial(self, node: str) -> int:
        return len(node)

    def handle(self, node: str, state: int, given: cp.Input) -> cp.Step[int]:
        del node
        return cp.Step(state + isinstance(given, cp.Timeout), cp.SetTimer("tick"))


FEW_TICKS = cp.Invariant("few ticks", lambda states: "many" if states["n"] > 99 else None)
ALONE = cp.Scenario(
    name="alone", system=Ticking(), calls={}, limits=cp.faults(fire=9), invariants=(FEW_TICKS,)
)


@pytest.mark.slow
@given(scenario=st.just(ALONE) | st.integers(0, 10**6).map(little), depth=st.integers(2, 7))
@examples(15)
@example(ALONE, 7)
def test_a_journal_is_replayed_in_bulk(scenario: Scenario, depth: int) -> None:
    """What one table was asked in a row makes slots on the way that it was asked about later."""
    whole = told(explorer(scenario, few=0, limits=Limits(states=500)))
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(moves_at_once, "FEW", 0)
        begun = VectorExplorer(scenario, chunk_states=100, limits=Limits(depth=depth))
        finished(begun)
        begun.save(Path(folder) / "saved")
        resumed = VectorExplorer(scenario, chunk_states=100, limits=Limits(states=500))
        resumed.resume(Path(folder) / "saved")
        finished(resumed)
    if begun.progress.violation is None and begun.progress.states < 500:
        assert told(resumed)[:4] == whole[:4]


ALL_KINDS = ("drop", "duplicate", "omit", "crash", "tear", "cut", "transform", "suspect")


@pytest.mark.slow
@given(
    seed=st.integers(0, 10**6),
    kinds=st.sets(st.sampled_from(ALL_KINDS), min_size=1, max_size=3),
    network=st.sampled_from(("unordered", "ordered")),
    rules=st.sampled_from(({}, {"no_op": "consume"}, {"is_lossy": True}, {"has_open_calls": True})),
)
@examples(25)
def test_what_is_asked_once_is_what_every_slot_says(
    seed: int, kinds: set[str], network: Any, rules: dict[str, Any]
) -> None:
    """A kind that looked at what else is on its way would say something else in some slot."""
    scenario = little(seed).replace(
        limits={kind: cp.Budget(1) for kind in sorted(kinds)},
        faults_max=2,
        network=network,
        detector=cp.FailureDetector() if "suspect" in kinds else None,
    )
    once = explorer(scenario, few=0, limits=Limits(states=300), **rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node_steps, "ASKED_ONCE", {})
        each_time = explorer(scenario, few=0, limits=Limits(states=300), **rules)
    assert told(once)[:4] == told(each_time)[:4]
    for place, effects in enumerate(once.slots.effects):
        assert set(effects) == set(each_time.slots.effects[place])


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)), min_size=1))
@examples(20)
def test_a_table_knows_what_it_was_told_however_large_it_is(pairs: list[tuple[int, int]]) -> None:
    """A table of 25 million cells is hashed; what was not asked is not known."""
    asked: list[tuple[int, int]] = []

    def answer(first: int, second: int) -> int:
        asked.append((first, second))
        return first ^ second

    table = PairTable(one_by_one(answer), lambda *_: None)
    first, second = np.array([(4_999, 4_999), *pairs], np.int64).T
    for _ in range(2):
        assert table.look_up(first, second).tolist() == (first ^ second).tolist()
    assert len(asked) == len(set(asked)) == len({(4_999, 4_999), *pairs})
    others = table.recall(second, first).tolist()
    known = {*pairs, (4_999, 4_999)}
    expected = [
        a ^ b if (a, b) in known else -1
        for a, b in zip(second.tolist(), first.tolist(), strict=True)
    ]
    assert others == expected


@given(st.lists(st.lists(st.integers(0, 2**62), max_size=20), max_size=20))
@examples(20)
def test_keys_get_numbers_in_the_order_in_which_they_come(given: list[list[int]]) -> None:
    """At once or one by one, and each of them the same ever after."""
    at_once, one_by_one = KeyTable(), KeyTable()
    known: dict[int, int] = {}
    for keys in given:
        fresh = [at for at, key in enumerate(keys) if key not in known and key not in keys[:at]]
        for key in keys:
            known.setdefault(key, len(known))
        numbers = [known[key] for key in keys]
        assert at_once.fresh(np.array(keys, np.int64)).tolist() == fresh
        found, first = at_once.number(np.array(keys, np.int64))
        assert (found.tolist(), first.tolist()) == (numbers, fresh)
        assert [one_by_one.number_one(key) for key in keys] == numbers
    assert len(at_once) == len(one_by_one) == len(known)
