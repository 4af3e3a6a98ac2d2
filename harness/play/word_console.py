"""A console of words: what a person types to a system whose operations have short names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from counterpoint.harness.play.console import CommandError, in_order_of_returns, states_told
from counterpoint.model.inert import quoted
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import World

ReadWords: TypeAlias = Callable[[Scenario, NodeId, Sequence[str]], Value]
"""Which operation words to a node ask for, None where they ask for none."""


@dataclass(frozen=True)
class WordConsole:
    """How a person talks to a system: `read` and `written` lead from words to operations and back.

    Everybody may ask whom the scenario has calls of, and any node may be hurt that its promise leaves.
    """

    commands: Mapping[str, str]
    read: ReadWords
    written: Callable[[Value], str]
    answered: Callable[[Value], tuple[str, bool]]
    usual: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fallible: None = None

    def operation(self, scenario: Scenario, node: NodeId, words: Sequence[str]) -> Value:
        """Return the operation that a command to a node asks for."""
        if node not in (clients := scenario.fixed_calls):
            raise CommandError(f"{node} takes no calls; clients: {' '.join(clients)}")
        found = self.read(scenario, node, words)
        if found is None:
            usage = "; ".join(command.partition(" ")[2] for command in self.commands)
            asked = quoted(" ".join(words)) if words else "nothing"
            raise CommandError(f"{asked} cannot be asked of {node}; right would be: {usage}")
        return found

    def words(self, operation: Value) -> str:
        """Return the command that asks for an operation."""
        return self.written(operation)

    def is_wish(self, operation: Value) -> bool:
        """No operation is an operator's."""
        del operation
        return False

    def answer(self, scenario: Scenario, result: Value) -> tuple[str, bool]:
        """Return the text of a result, and whether it is a refusal."""
        del scenario
        return self.answered(result)

    def status(self, world: World) -> Iterator[str]:
        """Return the state of each node."""
        return states_told(world)

    def outcome(self, world: World) -> Mapping[str, str]:
        """Return the state of each node."""
        return dict(line.split(": ", 1) for line in self.status(world))

    def effects(self, trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
        """Return the calls of a run in the order of their answers."""
        return in_order_of_returns(trace)
