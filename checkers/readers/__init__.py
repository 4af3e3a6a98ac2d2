"""Readers of recorded histories: one small file per format, and a table of them here."""

from __future__ import annotations

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.awdit_text import read_awdit_text
from counterpoint.checkers.readers.case import Case, Cases, Reader
from counterpoint.checkers.readers.csv_table import read_csv_table
from counterpoint.checkers.readers.dbcop_bincode import read_dbcop_bincode
from counterpoint.checkers.readers.dbcop_hist import read_dbcop_hist
from counterpoint.checkers.readers.dbcop_json import read_dbcop_json
from counterpoint.checkers.readers.dbcop_yaml import read_dbcop_yaml
from counterpoint.checkers.readers.guess import FORMATS, HEAD_BYTES, guess_format
from counterpoint.checkers.readers.interval_json import read_interval_json
from counterpoint.checkers.readers.jepsen_edn import read_jepsen_edn
from counterpoint.checkers.readers.jepsen_json import read_jepsen_json
from counterpoint.checkers.readers.jepsen_log import read_jepsen_log
from counterpoint.checkers.readers.json_lines import read_json_lines
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits
from counterpoint.checkers.readers.plume_text import read_plume_text
from counterpoint.checkers.readers.session_json import read_session_json

READERS: dict[str, Reader] = {
    "awdit-text": read_awdit_text,
    "csv": read_csv_table,
    "dbcop-bincode": read_dbcop_bincode,
    "dbcop-hist": read_dbcop_hist,
    "dbcop-json": read_dbcop_json,
    "dbcop-yaml": read_dbcop_yaml,
    "edn": read_jepsen_edn,
    "interval-json": read_interval_json,
    "jepsen-json": read_jepsen_json,
    "jepsen-log": read_jepsen_log,
    "jsonl": read_json_lines,
    "plume-text": read_plume_text,
    "session-json": read_session_json,
}

__all__ = [
    "DEFAULT_LIMITS",
    "FORMATS",
    "HEAD_BYTES",
    "READERS",
    "Case",
    "Cases",
    "Limits",
    "UnreadableHistory",
    "guess_format",
    "read_cases",
]


def read_cases(
    data: str | bytes, *, source: str, form: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Cases:
    """Read all histories of a file, in the format `form` or else in the one it seems to have.

    Raises:
        UnreadableHistory: no such format, none that fits, or not a history in it.
    """
    chosen = guess_format(source, data[:HEAD_BYTES]) if form is None else form
    reader = READERS.get(chosen)
    if reader is None:
        raise UnreadableHistory(
            source, 0, f"{chosen!r} is no format; name one of {', '.join(FORMATS)}"
        )
    return reader(data, source=source, limits=limits)
