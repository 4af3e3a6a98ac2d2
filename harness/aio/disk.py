"""What a node keeps over a power cut: a dictionary, written whole after each step that changes it."""

from __future__ import annotations

import json
from typing import Any

from counterpoint.model.mistakes import BadScenario, brief

Durable = str
"""The text of a disk, as a node persists it: the number of its boots, and its dictionary."""


def written(disk: dict[str, Any], boots: int, node: str) -> Durable:
    """Return the text of a disk.

    Raises:
        BadScenario: something in it has no text.
    """
    try:
        return json.dumps({"boots": boots, "disk": disk}, default=_bytes_form, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise BadScenario(
            f"{node} put on its disk {brief(disk)}, of which {error}; a disk holds texts, numbers, "
            "bytes, lists and dictionaries with texts as keys"
        ) from None


def read_back(durable: Durable | None) -> tuple[dict[str, Any], int]:
    """Return the dictionary of a disk, and at which boot it was written last; None was never."""
    if durable is None:
        return {}, 1
    found = json.loads(durable, object_hook=_bytes_again)
    return found["disk"], found["boots"]


def durable_and_clock(what: Any) -> tuple[str, int]:
    """Return the disk of a node that boots again, and how late it is; one never written is empty."""
    durable, clock = what
    return durable or written({}, 1, ""), clock


def _bytes_form(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        return {"bytes": bytes(value).hex()}
    raise TypeError(f"{brief(value)} is a {type(value).__name__}")


def _bytes_again(form: dict[str, Any]) -> Any:
    if form.keys() == {"bytes"} and isinstance(form["bytes"], str):
        return bytes.fromhex(form["bytes"])
    return form
