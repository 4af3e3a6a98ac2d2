"""Chain replication: writes enter at the head, pass every server, and are answered by the tail.

Source: R. van Renesse and F. B. Schneider, Chain Replication for Supporting High Throughput and
Availability (OSDI 2004), 2; without the master that mends a chain when a server has crashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "head answers", "reads anywhere", "as they come", "asks once"]
CHAIN, CLIENTS = ("s1", "s2", "s3"), ("c1", "c2")
HEAD, TAIL = CHAIN[0], CHAIN[-1]


@cp.value
class Entry:
    client: str
    number: int
    value: int


@cp.value
class Ask:
    number: int
    operation: cp.Value


@cp.value
class Answer:
    number: int
    result: cp.Value


@cp.value
class Forward:
    """The entry at a position of the log, counted from 0."""

    position: int
    entry: Entry


@cp.value
class Server:
    log: tuple[Entry, ...] = ()


@cp.value
class Client:
    number: int = 0
    operation: cp.Value = None  # the one under way


def server(variant: Variant, node: str, state: Server, given: cp.Input) -> cp.Step[Server] | None:
    match given:
        case cp.Receive(client, Ask(number, "read")):
            value = state.log[-1].value if state.log else 0
            return cp.Step(state, cp.Send(client, Answer(number, value)))
        case cp.Receive(client, Ask(number, ("write", int(value)))):
            entry = Entry(client, number, value)
            at = state.log.index(entry) if entry in state.log else len(state.log)
            early = cp.Send(client, Answer(number, "ok")) if variant == "head answers" else None
            return cp.Step(*passed(node, state, Forward(at, entry)), early)
        case cp.Receive(_, Forward(position, entry) as forward):
            if variant == "as they come" and entry not in state.log:
                return cp.Step(*passed(node, state, Forward(len(state.log), entry)))
            if position > len(state.log):  # one before it is missing, and will be sent again
                return None
            return cp.Step(*passed(node, state, forward))
    return None


def passed(node: str, state: Server, forward: Forward) -> tuple[Server, cp.Effect]:
    """Append an entry, unless it is there, and pass it on; the tail answers."""
    entry = forward.entry
    if forward.position == len(state.log):
        state = Server((*state.log, entry))
    if node == TAIL:
        return state, cp.Send(entry.client, Answer(entry.number, "ok"))
    return state, cp.Send(CHAIN[CHAIN.index(node) + 1], forward)


def client(variant: Variant, state: Client, given: cp.Input) -> cp.Step[Client] | None:
    """Ask, and ask again until the answer comes: what was lost on the way is sent again by that."""
    match given:
        case cp.Invoke(operation):
            state = Client(state.number + 1, operation)
        case cp.Timeout("again") if state.operation is not None:
            pass
        case cp.Receive(_, Answer(number, result)) if state.operation and number == state.number:
            done = replace(state, operation=None)
            return cp.Step(done, cp.Return(result), cp.CancelTimer("again"))
        case _:
            return None
    near = HEAD if variant == "reads anywhere" and state.number == 2 else TAIL
    ask = cp.Send(near if state.operation == "read" else HEAD, Ask(state.number, state.operation))
    return cp.Step(state, ask, None if variant == "asks once" else cp.SetTimer("again"))


def prefixes(states: Mapping[str, Any]) -> str | None:
    """What a server has is the beginning of what the one before it has (update propagation)."""
    for before, after in pairwise(CHAIN):
        log = states[after].log
        if states[before].log[: len(log)] != log:
            return f"what {after} has is no beginning of what {before} has"
    return None


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Three servers and two clients, on a network that loses, copies and reorders."""
    roles: dict[str, Any] = {s: (partial(server, variant), Server()) for s in CHAIN}
    roles |= {c: (partial(client, variant), Client()) for c in CLIENTS}
    return cp.Scenario(
        "chain",
        cp.system(roles),
        calls={c: [("write", at), "read", "read"] for at, c in enumerate(CLIENTS, start=1)},
        properties=[cp.linearizable(cp.Register(0)), cp.answers()],
        invariants=[cp.always("update propagation", prefixes)],
        limits=cp.faults(drop=1, duplicate=1, fire=2),
    )


test_chain = cp.verify(scenario())
