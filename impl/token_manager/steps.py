"""What the roles of the token manager have in common: the timer, and steps made of other steps."""

from __future__ import annotations

from counterpoint.impl.token_manager.messages import Stale
from counterpoint.impl.token_manager.states import (
    ClientState,
    ServerState,
    TokenState,
    newest_known,
)
from counterpoint.model.node import Effect, Input, Send, Step
from counterpoint.model.values import NodeId

AGAIN = "again"
"""The timer of whoever waits: it asks again."""

DISK = "disk"
"""The timer of a server that writes to durable storage at leisure, as it should not."""


def after(effects: tuple[Effect, ...], step: Step[TokenState]) -> Step[TokenState]:
    """Return a step with these effects before its own."""
    return Step(step.state, (*effects, *step.effects))


def send_on(state: ClientState | ServerState, client: NodeId) -> Step[TokenState]:
    """Answer a call of an epoch that is over with the newest configuration known here."""
    return Step(state, (Send(client, Stale(newest_known(state))),))


def unexpected(node: NodeId, state: TokenState, given: Input) -> TypeError:
    """Return the error of a node that is given what it can never be given in that state."""
    return TypeError(f"{node} in {state!r} was given {given!r}")
