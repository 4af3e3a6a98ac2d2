"""A lease with fencing tokens: who sleeps past the end of a lease can do no harm.

Source: C. Gray and D. Cheriton, Leases (SOSP 1989); M. Burrows, The Chubby Lock Service (OSDI 2006),
2.4, calls the tokens sequencers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "no fence", "reads without a fence", "no end", "forgets its tokens"]
CLIENTS = ("c1", "c2")


@cp.value
class Acquire:
    """A client wants the lease."""


@cp.value
class Granted:
    token: int


@cp.value
class Read:
    token: int


@cp.value
class Found:
    token: int
    value: int


@cp.value
class Write:
    token: int
    value: int


@cp.value
class Written:
    token: int


@cp.value
class Stale:
    """The store has seen a newer token."""

    token: int


@cp.value
class Lessor:
    token: int = 0  # the last that was handed out
    holder: str | None = None


@cp.value
class Store:
    token: int = 0  # the newest that came
    value: int = 0


@cp.value
class Client:
    token: int = 0
    is_adding: bool = False
    added: int = 0  # calls that were answered with success: for the claims alone


def lessor(variant: Variant, state: Lessor, given: cp.Input) -> cp.Step[Lessor] | None:
    match given:
        case cp.Receive(client, Acquire()) if state.holder in (None, client):
            token = state.token + 1
            kept = None if variant == "forgets its tokens" else cp.Persist(token)
            ends = None if variant == "no end" else cp.SetTimer("lease")
            return cp.Step(Lessor(token, client), kept, cp.Send(client, Granted(token)), ends)
        case cp.Timeout("lease"):
            return cp.Step(Lessor(state.token))
        case cp.Recover(token):  # every lease of before the crash has ended by then
            return cp.Step(Lessor(token if isinstance(token, int) else 0))
    return None


def store(variant: Variant, state: Store, given: cp.Input) -> cp.Step[Store] | None:
    match given:
        case cp.Receive(client, Read(token) | Write(token)) if (
            token < state.token and variant != "no fence"
        ):
            return cp.Step(state, cp.Send(client, Stale(token)))
        case cp.Receive(client, Read(token)):
            seen = state.token if variant == "reads without a fence" else token
            return cp.Step(Store(seen, state.value), cp.Send(client, Found(token, state.value)))
        case cp.Receive(client, Write(token, value)):
            return cp.Step(Store(token, value), cp.Send(client, Written(token)))
    return None


def client(state: Client, given: cp.Input) -> cp.Step[Client] | None:
    """Add one to what is stored: acquire the lease, read, write; from the beginning if it ended."""
    again = (cp.Send("lessor", Acquire()), cp.SetTimer("again"))
    match given:
        case cp.Invoke("add"):
            return cp.Step(Client(state.token, True, state.added), again)
        case cp.Timeout("again") if state.is_adding:
            return cp.Step(state, again)
        case cp.Receive(_, Granted(token)) if state.is_adding and token > state.token:
            return cp.Step(Client(token, True, state.added), cp.Send("store", Read(token)))
        case cp.Receive(_, Found(token, value)) if state.is_adding and token == state.token:
            return cp.Step(state, cp.Send("store", Write(token, value + 1)))
        case cp.Receive(_, Written(token)) if state.is_adding and token == state.token:
            done = Client(token, added=state.added + 1)
            return cp.Step(done, cp.Return("added"), cp.CancelTimer("again"))
    return None


def nothing_is_lost(states: Mapping[str, Any]) -> str | None:
    """The store has at least what was added, whoever slept in between."""
    added = sum(states[c].added for c in CLIENTS)
    stored = states["store"].value
    return f"store has {stored}, and {added} were added" if stored < added else None


def scenario(variant: Variant = "right") -> cp.Scenario:
    """Two clients add one each; the lessor may crash, and leases may end at any time."""
    adds = {c: (client, Client()) for c in CLIENTS}
    lease, stored = partial(lessor, variant), partial(store, variant)
    return cp.Scenario(
        "lease",
        cp.system(lessor=(lease, Lessor()), store=(stored, Store()), **adds),
        calls={c: ["add"] for c in CLIENTS},
        properties=[cp.answers()],
        invariants=[cp.always("nothing is lost", nothing_is_lost)],
        limits=cp.faults(fire=3, crash=1, drop=1),
        tolerates=lambda failed, _: failed in ((), ("lessor",)),
        depends_on=lambda client, _: (client, "lessor"),
    )


test_lease = cp.verify(scenario())
