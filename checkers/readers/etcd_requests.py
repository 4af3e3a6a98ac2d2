"""Requests and responses of etcd's robustness tests, as the specification `EtcdStore` takes them.

The JSON is that of their Go structs. Earlier versions have the fields of an operation beside its
type, later ones one level down, under "Range", "Put" or "Delete"; both are read.
"""

from __future__ import annotations

from collections.abc import Hashable

from counterpoint.checkers.history import UNKNOWN, Status
from counterpoint.checkers.readers.case import frozen

EtcdRequest = tuple[str, Hashable]
"""The function, and its argument."""

LEASES = {"leaseGrant": "LeaseGrant", "leaseRevoke": "LeaseRevoke"}
IDLE = ("defragment", "compact")


def etcd_request(value: object) -> EtcdRequest | None:
    """Return what a request asks for; None for one of another form."""
    if not isinstance(value, dict):
        return None
    kind = value.get("Type")
    if kind == "range" and isinstance(value.get("Range"), dict):
        asked = value["Range"]
        return "range", (*_range(asked), asked.get("Revision") or 0)
    if kind == "txn" and isinstance(value.get("Txn"), dict):
        asked = value["Txn"]
        parts = (
            tuple(map(_condition, _listed(asked, "Conditions"))),
            tuple(map(_operation, _listed(asked, "OperationsOnSuccess"))),
            tuple(map(_operation, _listed(asked, "OperationsOnFailure"))),
        )
        return ("txn", parts) if all(None not in part for part in parts) else None
    if kind in LEASES and isinstance(value.get(LEASES[kind]), dict):
        return kind, frozen(value[LEASES[kind]].get("LeaseID"))
    return (kind, None) if isinstance(kind, str) and kind in IDLE else None


def etcd_answer(request: EtcdRequest, value: object) -> tuple[Status, Hashable]:
    """Return how a call ended and what it was told: (revision, what its function shows)."""
    if not isinstance(value, dict) or value.get("Error") or value.get("Persisted"):
        return "info", UNKNOWN
    if value.get("ClientError"):
        return "fail", UNKNOWN
    revision = value.get("Revision") or 0
    shown: Hashable = None
    if request[0] == "range" and isinstance(value.get("Range"), dict):
        shown = _result(value["Range"])
    elif request[0] == "txn" and isinstance(value.get("Txn"), dict):
        results = tuple(map(_result, _listed(value["Txn"], "Results")))
        shown = bool(value["Txn"].get("Failure")), results
    return "ok", (frozen(revision), shown)


def _listed(value: dict[str, object], name: str) -> list[object]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _condition(value: object) -> Hashable:
    if not isinstance(value, dict):
        return None
    expected = value.get("ExpectedRevision") or 0, value.get("ExpectedVersion") or 0
    return frozen(value.get("Key")), *map(frozen, expected)


def _operation(value: object) -> Hashable:
    if not isinstance(value, dict):
        return None
    kind = str(value.get("Type", "")).removesuffix("-operation")
    inner = value.get(kind.capitalize())
    parts = inner if isinstance(inner, dict) else value
    if kind == "range":
        return "range", *_range(parts)
    if kind == "put":
        return (
            "put",
            frozen(parts.get("Key")),
            frozen(parts.get("Value")),
            frozen(parts.get("LeaseID") or 0),
        )
    return ("delete", frozen(parts.get("Key"))) if kind == "delete" else None


def _range(value: dict[str, object]) -> tuple[Hashable, Hashable, Hashable]:
    """Return start, end ("" for one key) and limit (0 for none) of a range."""
    start = value.get("Start", value.get("Key", ""))
    end = value.get("End") or ""
    if value.get("WithPrefix") and isinstance(start, str):
        end = start[:-1] + chr(ord(start[-1]) + 1) if start else "\U0010ffff"
    return frozen(start), frozen(end), frozen(value.get("Limit") or 0)


def _result(value: object) -> Hashable:
    """Return (pairs, count, deleted); a pair is (key, value, revision, version), 0 where not told."""
    if not isinstance(value, dict):
        return ((), 0, 0)
    pairs = tuple(
        (
            frozen(one.get("Key")),
            frozen(one.get("Value")),
            frozen(one.get("ModRevision") or 0),
            frozen(one.get("Version") or 0),
        )
        for one in _listed(value, "KVs")
        if isinstance(one, dict)
    )
    return pairs, frozen(value.get("Count") or 0), frozen(value.get("Deleted") or 0)
