"""The services that Maelstrom has for its nodes: key-value stores, as pure handlers.

`lin-kv` is linearizable. `seq-kv` is sequentially consistent, and no better: who reads sees what it
saw before until it writes itself, or until it is brought up to date, which may be late.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from counterpoint.harness.maelstrom.json_body import JsonBody, body_of, compact
from counterpoint.model.node import Effect, Input, Receive, Send, SetTimer, Step, Timeout
from counterpoint.model.values import NodeId, Value

LIN_KV, SEQ_KV = "lin-kv", "seq-kv"
SERVICES = (LIN_KV, SEQ_KV)

NO_SUCH_KEY, ANOTHER_VALUE = 20, 22

KvPairs = tuple[tuple[str, str], ...]
"""Keys and values, each as JSON."""


@dataclass(frozen=True, slots=True)
class KvState:
    """What a store holds, and what it has shown last to those who have not seen all of it."""

    pairs: KvPairs = ()
    behind: tuple[tuple[NodeId, KvPairs], ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{key}: {value}" for key, value in self.pairs) or "empty"

    @property
    def shown(self) -> Mapping[str, Value]:
        """What a report shows of it from step to step."""
        return dict(self.pairs)

    def seen_by(self, node: NodeId) -> KvPairs:
        """Return what a node sees."""
        return dict(self.behind).get(node, self.pairs)

    def up_to_date(self, node: NodeId) -> KvState:
        """Return the state in which a node has seen everything."""
        return replace(self, behind=tuple(one for one in self.behind if one[0] != node))


def kv_step(
    service: NodeId, nodes: tuple[NodeId, ...], state: KvState, given: Input
) -> Step[KvState]:
    """Return what a store does; `nodes` are those that may see less than all of it."""
    match given:
        case Receive(source, JsonBody() as body):
            fields = body.fields
            after, reply = _done(state, source, fields)
            reply["in_reply_to"] = fields.get("msg_id")
            answer = Send(source, body_of(reply))
            if service == LIN_KV or after.pairs == state.pairs:
                return Step(replace(after, behind=()) if service == LIN_KV else after, answer)
            after = _left_behind(after, state, nodes, source)
            waiting: list[Effect] = [SetTimer(node) for node, _ in after.behind]
            return Step(after, [answer, *waiting])
        case Timeout(node):
            return Step(state.up_to_date(node))
    return Step(state)


def _left_behind(
    after: KvState, before: KvState, nodes: tuple[NodeId, ...], writer: NodeId
) -> KvState:
    """Let all but the writer see what they saw before."""
    behind = tuple((node, before.seen_by(node)) for node in nodes if node != writer)
    return KvState(after.pairs, behind)


def _done(state: KvState, source: NodeId, fields: Any) -> tuple[KvState, dict[str, Any]]:
    """Return the state after an operation, and its answer."""
    kind, key = fields["type"], compact(fields.get("key"))
    if kind == "read":
        for known, value in state.seen_by(source):
            if known == key:
                return state, {"type": "read_ok", "value": json.loads(value)}
        return state, _error(NO_SUCH_KEY, f"there is no key {key}")
    here = dict(state.pairs)
    if kind == "write":
        here[key] = compact(fields["value"])
        return KvState(tuple(sorted(here.items()))), {"type": "write_ok"}
    if kind == "cas":
        return _compared(state.up_to_date(source), here, key, fields)
    return state, _error(10, f"a store does not know {kind!r}; it knows read, write and cas")


def _compared(
    state: KvState, here: dict[str, str], key: str, fields: Any
) -> tuple[KvState, dict[str, Any]]:
    """Compare and set: the writer sees everything from then on, whether it has set or not."""
    old = here.get(key)
    if old is None and not fields.get("create_if_not_exists"):
        return state, _error(NO_SUCH_KEY, f"there is no key {key}")
    if old is not None and old != compact(fields["from"]):
        return state, _error(ANOTHER_VALUE, f"{key} is {old}, not {compact(fields['from'])}")
    here[key] = compact(fields["to"])
    return KvState(tuple(sorted(here.items()))), {"type": "cas_ok"}


def _error(code: int, text: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "text": text}
