"""A second explorer, as plain as can be: states are tuples, the search a set and a loop.

It shares no code with Counterpoint, and nothing but the text of the semantics: what it counts, the
engines must count. A node is a number; a state is (states of the nodes, messages, histories).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Body: TypeAlias = tuple[Any, ...]
"""A message: its name first."""

Message: TypeAlias = tuple[int, int, Body]
"""(source, destination, body)."""

Reaction: TypeAlias = tuple[Any, tuple[Message, ...]]
"""The next state, and what is sent. A message is ignored if nothing changes and nothing is sent."""

State: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]

Choice: TypeAlias = tuple[str, Message]
"""("deliver" or "drop", message)."""


@dataclass(frozen=True)
class Machine:
    """`start` is the state of each node, `sent` what they send first, `receive` what they do."""

    start: tuple[Any, ...]
    sent: tuple[Message, ...]
    receive: Callable[[int, Any, int, Body], Reaction]
    clients: range


@dataclass(frozen=True)
class Rules:
    """The network, and whether histories are part of a state."""

    is_ordered: bool = False
    is_lossy: bool = False
    consumes: bool = False
    has_history: bool = True


def first(machine: Machine, rules: Rules) -> State:
    """Return the first state: everything is sent, nothing has arrived."""
    histories = tuple(((), None) for _ in machine.clients)
    return _after_sends(machine, rules, machine.start, (), histories, machine.sent)


def successors(machine: Machine, rules: Rules, state: State) -> Iterator[tuple[Choice, State]]:
    """Return what can happen: each deliverable message arrives, and may be lost."""
    nodes, messages, histories = state
    for message, rest in _deliverable(messages, rules):
        source, destination, body = message
        reaction = machine.receive(destination, nodes[destination], source, body)
        if reaction != (nodes[destination], ()):
            after, sends = reaction
            changed = (*nodes[:destination], after, *nodes[destination + 1 :])
            told = _returned(machine, rules, histories, destination, body)
            yield (
                ("deliver", message),
                _after_sends(machine, rules, changed, rest, told, sends),
            )
        elif rules.consumes:
            yield ("deliver", message), (nodes, rest, histories)
        if rules.is_lossy:
            yield ("drop", message), (nodes, rest, histories)


def _deliverable(
    messages: tuple[Any, ...], rules: Rules
) -> Iterator[tuple[Message, tuple[Any, ...]]]:
    if not rules.is_ordered:
        for message in sorted(set(messages), key=repr):
            rest = list(messages)
            rest.remove(message)
            yield message, tuple(rest)
        return
    for position, ((source, destination), queue) in enumerate(messages):
        shorter = (((source, destination), queue[1:]),) if len(queue) > 1 else ()
        rest_of_links = (*messages[:position], *shorter, *messages[position + 1 :])
        yield (source, destination, queue[0]), rest_of_links


def _after_sends(
    machine: Machine,
    rules: Rules,
    nodes: tuple[Any, ...],
    messages: tuple[Any, ...],
    histories: tuple[Any, ...],
    sends: tuple[Message, ...],
) -> State:
    for message in sends:
        messages = _with(messages, message, rules)
        histories = _invoked(machine, rules, histories, message)
    return nodes, messages, histories


def _with(messages: tuple[Any, ...], message: Message, rules: Rules) -> tuple[Any, ...]:
    if not rules.is_ordered:
        return tuple(sorted((*messages, message), key=repr))
    queues = dict(messages)
    link = message[:2]
    queues[link] = (*queues.get(link, ()), message[2])
    return tuple(sorted(queues.items()))


def _returned(
    machine: Machine, rules: Rules, histories: tuple[Any, ...], node: int, body: Body
) -> tuple[Any, ...]:
    if not rules.has_history or node not in machine.clients:
        return histories
    who = machine.clients.index(node)
    done, (known, operation) = histories[who]
    completed = ((*done, (known, operation, body[2:])), None)
    return (*histories[:who], completed, *histories[who + 1 :])


def _invoked(
    machine: Machine, rules: Rules, histories: tuple[Any, ...], message: Message
) -> tuple[Any, ...]:
    source, _, body = message
    if not rules.has_history or source not in machine.clients:
        return histories
    who = machine.clients.index(source)
    done, under_way = histories[who]
    assert under_way is None, f"{source} asks again before it was answered"
    known = tuple(len(other) - 1 for k, (other, _) in enumerate(histories) if k != who)
    begun = (done, (known, (body[0], *body[2:])))
    return (*histories[:who], begun, *histories[who + 1 :])


Successors: TypeAlias = Callable[[Any], Iterator[tuple[Any, Any]]]


def levels(start: Hashable, successors: Successors) -> Iterator[tuple[list[Any], int]]:
    """Return, level by level, the new states, and how many successors those have."""
    known, level = {start}, [start]
    while level:
        following, produced = [], 0
        for state in level:
            for _, after in successors(state):
                produced += 1
                if after not in known:
                    known.add(after)
                    following.append(after)
        yield level, produced
        level = following


@dataclass(frozen=True)
class Counted:
    unique: int
    generated: int
    depth: int


def counted(start: Hashable, successors: Successors, depth: int | None = None) -> Counted:
    """Explore, completely or so many levels deep; the last level is counted and not expanded."""
    unique, generated, deep = 0, 1, 0
    for level, produced in levels(start, successors):
        unique, deep = unique + len(level), deep + 1
        if deep == depth:
            break
        generated += produced
    return Counted(unique, generated, deep)


def classes(start: Hashable, successors: Successors, depend: Callable[[Any, Any], bool]) -> int:
    """Count the complete runs up to the order of independent choices (Mazurkiewicz traces).

    An event is a choice with all earlier events that it depends on; a run, up to equivalence, is the
    set of its events. So these sets are counted, breadth first. No message may be sent twice in a
    run, so that who sent one needs no saying.
    """
    numbers: dict[tuple[Any, frozenset[int]], int] = {}
    choices: list[Any] = []
    level: dict[frozenset[int], Any] = {frozenset(): start}
    complete = 0
    while level:
        following: dict[frozenset[int], Any] = {}
        for events, state in level.items():
            is_end = True
            for choice, after in successors(state):
                is_end = False
                past = frozenset(e for e in events if depend(choices[e], choice))
                number = numbers.setdefault((choice, past), len(choices))
                if number == len(choices):
                    choices.append(choice)
                known = following.setdefault(events | {number}, after)
                assert known == after, f"{choice} does not commute with what it is independent of"
            complete += is_end
        level = following
    return complete
