"""The console of a system that brings none: the operations of its scenario are the commands.

A command is the words of an operation: `leave` for "leave", `write 7` for ("write", 7) and for a value
`Write(7)`. What it is asked with may be other than in the scenario, where it is a number, a word, a
truth value or none. What cannot be typed so has a number, and what was drawn elsewhere its canonical
form, as `@=["write",[7]]`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from counterpoint.harness.play.console import CommandError, in_order_of_returns, states_told
from counterpoint.model.exact import distinct, first_place, is_same
from counterpoint.model.inert import quoted
from counterpoint.model.recorded_calls import calls_from, classes_in
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.drawing import some_operations
from counterpoint.model.trace import Trace
from counterpoint.model.values import Json, NodeId, Value, canonical, show
from counterpoint.model.workload import Workload
from counterpoint.model.world import World

SHOWN_MAX = 12
"""So many operations are listed where a command is none."""

SPELLED = "@="
"""What the canonical form of an operation comes after."""

WORDS: Mapping[str, Value] = MappingProxyType({"none": None, "true": True, "false": False})


@dataclass(frozen=True)
class PlainConsole:
    """How a person talks to any system: by the operations that its scenario has."""

    operations: Mapping[NodeId, tuple[Value, ...]]
    by_words: Mapping[str, Value]
    fallible: None = None
    usual: Mapping[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> Mapping[str, str]:
        """One command for each operation of each client."""
        return {
            f"{node} {self.words(operation)}": f"{node} asks for {show(operation)}"
            for node, operations in self.operations.items()
            for operation in operations
        }

    def operation(self, scenario: Scenario, node: NodeId, words: Sequence[str]) -> Value:
        """Return the operation that a command to a node asks for."""
        del scenario
        asked = self.operations.get(node, ())
        if not asked:
            clients = " ".join(self.operations) or "none"
            raise CommandError(f"{node} is asked for nothing in this scenario; clients: {clients}")
        command = " ".join(words)
        if command in self.by_words:
            known = self.by_words[command]
            if command.startswith("@") or first_place(asked, known) is not None:
                return known
        found = self._spelled(command) if command.startswith(SPELLED) else _like_any(asked, words)
        if found is not None:
            return found
        usage = "; ".join(map(self.words, asked[:SHOWN_MAX]))
        raise CommandError(
            f"{quoted(command) if words else 'nothing'} cannot be asked of {node}: {usage}"
        )

    def words(self, operation: Value) -> str:
        """Return the command that asks for an operation: its words, or its number after an `@`.

        A number is for what cannot be typed, a text with spaces or a value within a value, and for
        what has the words of another operation: 7 and "7" are written alike.
        """
        for words, known in self.by_words.items():
            if is_same(known, operation):
                return words
        typed = _typed(operation)
        return typed if typed is not None and self._asks(typed, operation) else _spelling(operation)

    def _asks(self, words: str, operation: Value) -> bool:
        """Tell whether words ask for this operation, wherever they ask for anything."""
        every = (_like_any(asked, words.split()) for asked in self.operations.values())
        read = [one for one in every if one is not None]
        is_clear = bool(read) and all(is_same(one, operation) for one in read)
        return is_clear and words not in self.by_words

    def _spelled(self, command: str) -> Value:
        """Return the operation that a canonical form is of."""
        try:
            calls: Json = {"": [json.loads(command.removeprefix(SPELLED))]}
            return calls_from(calls, classes_in(self.by_words.values()))[""][0]
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{quoted(command)} is no operation: {error}") from None

    def is_wish(self, operation: Value) -> bool:
        """No operation is known to be an operator's."""
        del operation
        return False

    def answer(self, scenario: Scenario, result: Value) -> tuple[str, bool]:
        """Return the text of a result; "refused" is a refusal."""
        del scenario
        return show(result), result == "refused"

    def status(self, world: World) -> Iterator[str]:
        """Return the state of each node."""
        return states_told(world)

    def outcome(self, world: World) -> Mapping[str, str]:
        """Return the state of each node."""
        return dict(line.split(": ", 1) for line in self.status(world))

    def effects(self, trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
        """Return the calls of a run in the order of their answers."""
        return in_order_of_returns(trace)


def plain_console(scenario: Scenario) -> PlainConsole:
    """Return the console of any scenario. Every node may be hurt that its promise leaves to be hurt."""
    if isinstance(scenario.calls, Workload):
        nodes = scenario.calls.sources
        drawn = tuple(distinct(some_operations(scenario)))
        operations = dict.fromkeys(nodes, drawn)
    else:
        calls = scenario.fixed_calls
        operations = {node: tuple(distinct(asked)) for node, asked in calls.items()}
    known = distinct(one for some in operations.values() for one in some)
    return PlainConsole(MappingProxyType(operations), MappingProxyType(_by_words(known)))


def _by_words(operations: Sequence[Value]) -> dict[str, Value]:
    """Return what each command asks for: words, or the number of what has none for itself alone.

    >>> list(_by_words(["leave", ("leave",), ("put", "7"), ("put", 7)]))
    ['leave', '@1', 'put 7', '@3']
    """
    found: dict[str, Value] = {}
    for number, operation in enumerate(operations):
        words = _typed(operation)
        found[f"@{number}" if words is None or words in found else words] = operation
    return found


def _typed(operation: Value) -> str | None:
    """Return the words of an operation, None if who types them does not get just this one."""
    words = _words(operation)
    is_read_back = words is not None and is_same(_like(operation, words.split()), operation)
    return words if is_read_back else None


def _spelling(operation: Value) -> str:
    """Return the canonical form of an operation, without what a line of a session is split at.

    >>> _spelling(("say", "a; b"))
    '@=["say","a\\\\u003b\\\\u0020b"]'
    """
    text = json.dumps(canonical(operation), separators=(",", ":"))
    for character in " ;#":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return SPELLED + text


def _words(operation: Value) -> str | None:
    """Return the words of an operation, None if it is not made of words alone.

    >>> _words("leave"), _words(("write", 7)), _words(("put", "x", (1, 2)))
    ('leave', 'write 7', None)
    """
    parts = [_text(part) for part in _parts(operation)]
    return None if None in parts else " ".join(map(str, parts))


def _parts(operation: Value) -> tuple[object, ...]:
    """Return what an operation is made of: the name of its class first, if it is a value of one."""
    if dataclasses.is_dataclass(operation):
        values = (getattr(operation, field.name) for field in dataclasses.fields(operation))
        return (type(operation).__name__.lower(), *values)
    return tuple(operation) if type(operation) is tuple else (operation,)


def _text(part: object) -> str | None:
    if isinstance(part, str):
        return part if part and not set(part) & set(" \t\n;#@") else None
    return show(part) if part is None or isinstance(part, int) else None  # True and False are


def _like(operation: Value, words: Sequence[str]) -> Value | None:
    """Return the operation of the same kind that is asked with these words, None if they do not fit.

    >>> _like(("write", 7), ["write", "9"]), _like(("write", 7), ["read"]), _like("leave", ["leave"])
    (('write', 9), None, 'leave')
    """
    parts = _parts(operation)
    if len(parts) != len(words) or not words or str(parts[0]) != words[0]:
        return None
    read = [_read(word, part) for word, part in zip(words[1:], parts[1:], strict=True)]
    if dataclasses.is_dataclass(operation) and not isinstance(operation, type):
        names = (field.name for field in dataclasses.fields(operation))
        return dataclasses.replace(operation, **dict(zip(names, read, strict=True)))
    return (parts[0], *read) if type(operation) is tuple else operation


def _like_any(operations: Sequence[Value], words: Sequence[str]) -> Value | None:
    """Return the operation that words ask for, read as the first that they fit."""
    likes = (_like(operation, words) for operation in operations)
    return next((found for found in likes if found is not None), None)


def _read(word: str, like: object) -> Value:
    """Return what a word means in the place of a value: a text stays one."""
    if isinstance(like, str):
        return word
    if word in WORDS:
        return WORDS[word]
    try:
        return int(word)
    except ValueError:
        return word
