"""Apalache's informal trace format, ITF (docs/src/adr/015adr-trace.md of Apalache).

One state a step and one for the start. Each part of a node's state that occurs anywhere is one
variable, a map from nodes to values, so that every variable has one type: integers where all values
are integers, booleans likewise, else text. The choice is in the state's `#meta` and in `action`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.explanation.state_parts import flat
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value, show
from counterpoint.model.verdict import Verdict

Expression = object


def to_itf(trace: Trace, verdicts: Sequence[Verdict]) -> str:
    """Return the trace as one JSON document."""
    nodes = trace.scenario.system.nodes
    flats = [[flat(node_state) for node_state in world.node_states] for world in trace.worlds]
    kinds = {path: _kind(values) for path, values in _values(flats)}
    names = _names(sorted(kinds))
    states = []
    for index, (world, parts) in enumerate(zip(trace.worlds, flats, strict=True)):
        action = "start" if index == 0 else plain(show(trace.choices[index - 1]), 400)
        state: dict[str, Expression] = {
            "#meta": {"index": index, "action": action},
            "action": action,
            "in_flight": {"#set": _flying(world.flights)},
            "down": {"#set": list(world.conditions.down)},
        }
        for path, name in names.items():
            pairs = [
                [node, _expression(part[path], kinds[path])]
                for node, part in zip(nodes, parts, strict=True)
                if path in part
            ]
            state[name] = {"#map": pairs}
        states.append(state)
    document = {
        "#meta": {
            "format": "ITF",
            "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
            "description": plain("; ".join(v.summary for v in verdicts if v.is_broken), 400),
            "varTypes": {
                "action": "Str",
                "in_flight": "Set(<<Int, Str, Str, Str>>)",
                "down": "Set(Str)",
                **{name: f"Str -> {kinds[path]}" for path, name in names.items()},
            },
        },
        "vars": ["action", "in_flight", "down", *names.values()],
        "states": states,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _flying(flights: Sequence[object]) -> list[Expression]:
    found = []
    for flight in flights:
        identity = getattr(flight, "id", 0)
        ends = [getattr(flight, end) for end in ("src", "dst")]
        body = plain(show(getattr(flight, "body", None)), 400)
        found.append({"#tup": [_integer(identity), *ends, body]})
    unique = {json.dumps(form): form for form in found}
    return list(unique.values())


def _values(flats: list[list[dict[str, Value]]]) -> Iterator[tuple[str, list[Value]]]:
    found: dict[str, list[Value]] = {}
    for parts in flats:
        for part in parts:
            for path, value in part.items():
                found.setdefault(path, []).append(value)
    yield from found.items()


def _kind(values: list[Value]) -> str:
    if all(isinstance(value, bool) for value in values):
        return "Bool"
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "Int"
    return "Str"


def _expression(value: Value, kind: str) -> Expression:
    if kind == "Int":
        assert isinstance(value, int), value
        return _integer(value)
    return bool(value) if kind == "Bool" else plain(show(value), 400)


def _integer(value: int) -> Expression:
    return {"#bigint": str(value)}


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Return an identifier for each path, no two alike."""
    names: dict[str, str] = {}
    for path in paths:
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in path) or "state"
        name = f"v_{name}" if name[0].isdigit() or name in ("action", "in_flight", "down") else name
        while name in names.values():
            name += "_"
        names[path] = name
    return names
