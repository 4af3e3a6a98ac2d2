# ruff: noqa: ARG005 - what is wrong on purpose takes what it is given
"""A scenario that cannot be what its author means is refused when it is made, in one line."""

from __future__ import annotations

from typing import Any

import pytest

from counterpoint.model.faults import Crash
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Budget, Goal, Invariant, Property, budgets, minority_of
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.misuse.searches import SEARCHES
from tests.misuse.systems import ANSWERED, Echo, answered, asking


class NoHandle:
    """Half a system."""

    nodes = ("c", "s")

    def initial(self, node: str) -> int:
        del node
        return 0


class WrongSignature(Echo):
    """Forgot the node."""

    def handle(self, state: Any, given: Any) -> Any:  # type: ignore[override]
        del given
        return state


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "a scenario is named ''; its name is text, and not empty"),
        ({"system": Echo}, "has the class Echo as its system; give it an instance of it"),
        ({"system": NoHandle()}, "has NoHandle as its system, which has no 'handle'"),
        ({"system": WrongSignature()}, "is to be called as handle(node, state, given)"),
        ({"system": Echo(nodes=["c", "s"])}, "nodes = ['c', 's']; nodes are a tuple of names"),  # type: ignore[arg-type]
        ({"system": Echo(nodes=("c", "s", "s"))}, "has Echo.nodes in which 's' stands twice"),
        ({"system": Echo(nodes=("c", 2))}, "has the node 2; the name of a node is text"),  # type: ignore[arg-type]
        ({"actions": ("deliver",)}, "has 'deliver' among its actions; a kind of action is a class"),
        ({"faults_max": -1}, "has faults_max=-1; it is None, or a number from 0 on"),
        ({"system": Echo(nodes=())}, "nodes = (); nodes are a tuple of names"),
        ({"calls": {"client": ("a",)}}, "gives calls to 'client', which is no node of the system"),
        ({"calls": {"c": "ping"}}, "gives c the calls 'ping'; they are a tuple, such as ('ping',)"),
        ({"calls": {"c": {"ping"}}}, "gives c the calls {'ping'}; they are a tuple"),
        ({"calls": {"c": (0.5,)}}, "gives c a call in which 0.5 is a float"),
        ({"calls": {"c": (None,)}}, "gives c the call None"),
        ({"calls": ("ping",)}, "has calls = ('ping',); they are a mapping"),
        ({"properties": ANSWERED}, "they are a tuple, such as (Property(…),)"),
        ({"properties": {ANSWERED}}, "they are a tuple, such as (Property(…),)"),
        ({"properties": (answered,)}, "among its properties; a Property is wanted"),
        ({"invariants": (ANSWERED,)}, "among its invariants; a Invariant is wanted"),
        (
            {"properties": (ANSWERED, Property("answered", answered))},
            "has two properties, invariants or goals of the name 'answered'",
        ),
        ({"limits": budgets(crashes=1)}, "limits 'crashes', which is no kind of action; kinds: "),
        ({"limits": {"crash": 1}}, "limits 'crash' to 1; write budgets(crash=…)"),
        ({"partitions": (("zz",),)}, "names 'zz' in partitions, which is no node of the system"),
        ({"partitions": (("s", "s"),)}, "has a group in partitions in which 's' stands twice"),
        ({"partitions": ("s",)}, "has the group 's' in partitions; a group is a tuple of nodes"),
        ({"symmetric": (("s", "t"),)}, "names 't' in symmetric, which is no node of the system"),
        (
            {"depends_on": lambda client, operation: (client, "t")},
            "c depends on ('c', 't') for 'ping'",
        ),
        ({"depends_on": lambda client, operation: "s"}, "depends_on returns a tuple of nodes"),
        ({"tolerates": lambda failed: True}, "has tolerates(failed), which is to be called as"),
        ({"walk_steps": (60, 10)}, "has walk_steps = (60, 10); they are the least and the most"),
    ],
)
def test_it_is_refused_when_it_is_made(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadScenario) as refused:
        asking(**{"system": Echo(), **changes})
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["restart", "heal", "mend", "release"])
def test_a_budget_for_what_undoes_a_fault_is_refused(kind: str) -> None:
    with pytest.raises(BadScenario, match=f"budget for '{kind}', which undoes a fault"):
        asking(Echo(), limits=budgets(**{kind: 1}))


def test_a_budget_below_nothing_is_refused() -> None:
    with pytest.raises(BadScenario, match="is no budget"):
        Budget(-1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Property("p", answered, reads="all"), "reads 'all'; there are: 'operations'"),  # type: ignore[arg-type]
        (lambda: Property("", answered), "a property is named ''"),
        (lambda: Property("p", True), "property 'p' has check = True, which is no function"),  # type: ignore[arg-type]
        (lambda: Invariant("i", None), "invariant 'i' has violation = None"),  # type: ignore[arg-type]
        (lambda: Goal(" ", lambda states, messages: True), "a goal is named ' '"),
    ],
)
def test_a_claim_that_is_none_is_refused(make: Any, words: str) -> None:
    with pytest.raises(BadScenario) as refused:
        make()
    assert words in str(refused.value)


def test_a_fault_that_may_happen_is_not_refused() -> None:
    scenario = asking(Echo(), limits=budgets(crash=1), tolerates=minority_of("s", "c", "d"))
    campaign = Campaign(scenario)
    for _ in campaign.search(Budgets(runs=20)):
        pass
    assert campaign.progress.faults.get(Crash.kind, 0) > 0


def _raises(*_: Any) -> Any:
    raise KeyError("s9")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("role_of", {}),
        ("tolerates", {"limits": budgets(crash=1)}),
        ("commute", {}),
        ("visible", {}),
        ("depends_on", {}),
        ("kind_of", {}),
    ],
)
def test_a_function_of_a_scenario_that_raises_is_named_with_its_line(
    field: str, changes: dict[str, Any]
) -> None:
    raised = []
    for search in SEARCHES.values():
        try:
            search(asking(Echo(), **changes, **{field: _raises}))
        except BadScenario as error:
            raised.append(str(error))
    line = _raises.__code__.co_firstlineno + 1
    assert raised
    for text in raised:
        assert f"{field}(" in text
        assert f"raised KeyError: 's9' (test_scenarios.py:{line}, in _raises)" in text


def test_a_role_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadScenario, match=r"role_of\('c', .*\) returned 3; a role is text"):
        SEARCHES["walks"](asking(Echo(), role_of=lambda node, state: 3))
