"""From a drawn system to a small one on which the searches still disagree in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from time import monotonic
from typing import Any

from tests.judge.systems import Drawn, Rule

SECONDS_MAX = 60.0
"""So long a system is made smaller; most take a few seconds."""

Fails = Callable[[Drawn], bool]
"""Tells whether a system still shows the disagreement; one that makes no sense does not."""


def minimised(drawn: Drawn, fails: Fails, seconds: float = SECONDS_MAX) -> Drawn:
    """Return a system of which no rule, effect, call, budget or claim can be left out.

    What is left when the time is over is the smallest so far.
    """
    deadline = monotonic() + seconds
    fails = _until(deadline, _safely(fails))
    while True:
        smaller = _without_rules(drawn, fails)
        smaller = next(filter(fails, _simpler(smaller)), None) or smaller
        if smaller == drawn:
            return drawn
        drawn = smaller


def _until(deadline: float, fails: Fails) -> Fails:
    return lambda drawn: monotonic() < deadline and fails(drawn)


def _safely(fails: Fails) -> Fails:
    def check(drawn: Drawn) -> bool:
        try:
            return fails(drawn)
        except (ValueError, KeyError, AssertionError):
            return False

    return check


def _without_rules(drawn: Drawn, fails: Fails) -> Drawn:
    """Leave out rules, first many at once, then each alone."""
    size = max(len(drawn.rules) // 2, 1)
    while True:
        position = 0
        while position < len(drawn.rules):
            rules = drawn.rules[:position] + drawn.rules[position + size :]
            smaller = drawn.replace(rules=rules)
            if fails(smaller):
                drawn = smaller
            else:
                position += size
        if size == 1:
            return drawn
        size //= 2


def _simpler(drawn: Drawn) -> Iterator[Drawn]:
    """Return systems that are one step simpler, those that lose most first."""
    usual = Drawn()
    for field in fields(Drawn):
        if field.name not in ("nodes", "rules") and _is_other(drawn, usual, field.name):
            yield drawn.replace(**{field.name: getattr(usual, field.name)})
    yield from _fewer_nodes(drawn)
    for field in fields(Drawn):
        value: Any = getattr(drawn, field.name)
        if isinstance(value, tuple) and field.name not in ("nodes", "rules", "group"):
            yield from (drawn.replace(**{field.name: less}) for less in _shorter(value))
    for index, rule in enumerate(drawn.rules):
        for smaller in _simpler_rule(rule):
            yield drawn.replace(rules=(*drawn.rules[:index], smaller, *drawn.rules[index + 1 :]))


def _is_other(drawn: Drawn, usual: Drawn, name: str) -> bool:
    return bool(getattr(drawn, name) != getattr(usual, name))


def _shorter(value: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for index, part in enumerate(value):
        yield value[:index] + value[index + 1 :]
        if isinstance(part, tuple) and isinstance(part[-1], tuple) and len(part[-1]) > 1:
            for less in _shorter(part[-1]):
                yield (*value[:index], (*part[:-1], less), *value[index + 1 :])


def _simpler_rule(rule: Rule) -> Iterator[Rule]:
    for less in _shorter(rule.effects):
        yield replace(rule, effects=less)
    if rule.after != rule.mood:
        yield replace(rule, after=rule.mood)


def _fewer_nodes(drawn: Drawn) -> Iterator[Drawn]:
    """Leave the last node out, wherever it is named as a node."""
    gone = drawn.nodes[-1]
    if len(drawn.nodes) < 2 or gone in drawn.group:
        return
    yield drawn.replace(
        nodes=drawn.nodes[:-1],
        rules=tuple(
            replace(r, effects=tuple(e for e in r.effects if e[:2] != ("send", gone)))
            for r in drawn.rules
            if r.who != gone
        ),
        calls=tuple(pair for pair in drawn.calls if pair[0] != gone),
        fails=tuple(n for n in drawn.fails if n != gone),
        depends_on=tuple(n for n in drawn.depends_on if n != gone),
        partitions=tuple(side for side in drawn.partitions if gone not in side),
        invariants=tuple(i for i in drawn.invariants if all(node != gone for node, _ in i)),
        goals=tuple(g for g in drawn.goals if gone not in g),
    )
