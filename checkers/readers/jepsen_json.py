"""Jepsen histories in JSON, as elle-cli reads them: the maps of the EDN form, keywords as strings.

Keys of maps are strings even where the twin in EDN has numbers, which changes no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Cases
from counterpoint.checkers.readers.jepsen_events import Record, jepsen_case
from counterpoint.checkers.readers.json_text import read_elements
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits, excerpt, text_of


def read_jepsen_json(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read a history of events: an array of maps, or maps one after another.

    Raises:
        UnreadableHistory: not JSON, or not events.
    """
    text = text_of(data, source=source, limits=limits)
    return (jepsen_case(_records(text, source, limits), source=source),)


def _records(text: str, source: str, limits: Limits) -> Iterator[Record]:
    for line, value in read_elements(text, source=source, limits=limits):
        if not isinstance(value, dict):
            raise UnreadableHistory(
                source,
                line,
                f"{excerpt(value)} is no event; "
                'right would be {"process": 0, "type": "invoke", "f": "read", "value": null}',
            )
        yield Record(line, value)
