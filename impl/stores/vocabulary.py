"""The words of the two stores, in the order that numbers them on the wire. Append; never reorder."""

from __future__ import annotations

from counterpoint.impl.stores import causal_deps, causal_lamport, replica
from counterpoint.impl.stores import client as store_client
from counterpoint.impl.stores import words as store

STORES: tuple[type, ...] = (
    store.Stamp,
    store.Version,
    store.Copy,
    store.Write,
    store.Read,
    store.Await,
    store.Move,
    store.Written,
    store.Found,
    store.Arrived,
    store.Request,
    store.Ask,
    store.Answer,
    store.Push,
    store.Leave,
    store.Update,
    store.Applied,
    store.Stalled,
    store.Waits,
    store.Told,
    causal_lamport.Clock,
    causal_lamport.Numbered,
    causal_lamport.Peer,
    store_client.Session,
    store_client.Idle,
    store_client.Waiting,
    store_client.Moving,
    replica.Replica,
    replica.Clients,
)
"""Calls, notes and messages of both stores, and the states of their clients."""

CAUSAL_DEPS: tuple[type, ...] = (*STORES, causal_deps.Server)
"""Those, and a server that checks dependencies."""

CAUSAL_LAMPORT: tuple[type, ...] = (*STORES, causal_lamport.Server)
"""Those, and a server that orders by stamps."""
