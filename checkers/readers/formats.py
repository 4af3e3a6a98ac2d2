"""The table of formats: one entry each. A new format is a reader in a file of its own, and a line here.

The order matters: the first entry that recognises the beginning of a file is its format.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterpoint.checkers.readers.awdit_text import read_awdit_text
from counterpoint.checkers.readers.chaos_json import read_chaos_json
from counterpoint.checkers.readers.csv_table import read_csv_table
from counterpoint.checkers.readers.dbcop_bincode import is_dbcop_bincode, read_dbcop_bincode
from counterpoint.checkers.readers.dbcop_hist import read_dbcop_hist
from counterpoint.checkers.readers.dbcop_json import read_dbcop_json
from counterpoint.checkers.readers.dbcop_yaml import read_dbcop_yaml
from counterpoint.checkers.readers.guess import Format, begins, contains, guess
from counterpoint.checkers.readers.interval_json import read_interval_json
from counterpoint.checkers.readers.jepsen_edn import read_jepsen_edn
from counterpoint.checkers.readers.jepsen_json import read_jepsen_json
from counterpoint.checkers.readers.jepsen_log import (
    HISTORY_LINE,
    LOG_LINE,
    read_jepsen_history,
    read_jepsen_log,
)
from counterpoint.checkers.readers.json_lines import read_json_lines
from counterpoint.checkers.readers.plume_text import read_plume_text
from counterpoint.checkers.readers.porcupine_json import read_porcupine_json
from counterpoint.checkers.readers.session_json import read_session_json

_FORMATS = (
    Format("dbcop-bincode", read_dbcop_bincode, is_dbcop_bincode, ("bincode",)),
    Format("jepsen-log", read_jepsen_log, contains(LOG_LINE), ("log",)),
    Format("jepsen-history", read_jepsen_history, begins(HISTORY_LINE)),
    Format("dbcop-yaml", read_dbcop_yaml, begins(r"(?:---\s++)?- - events:"), ("yaml", "yml")),
    Format("plume-text", read_plume_text, begins(r"[rw]\s*+\(\s*+-?\d++\s*+,")),
    Format(
        "awdit-text",
        read_awdit_text,
        begins(r"[rw]\s++\d++\s++\d++[ \t\r]*+(?:\n|\Z)", r"={2,}+\s", r"-{2,}+\s"),
    ),
    Format("dbcop-hist", read_dbcop_hist, begins(r"\[\s*+[A-Za-z_]\w*+(?::=|==)"), ("hist",)),
    Format("interval-json", read_interval_json, begins(r'\[\s*+\{[^{}\[\]]*?"ops"\s*+:\s*+\[')),
    Format("session-json", read_session_json, begins(r'\[\s*+\{[^{}\[\]]*?"sessions"\s*+:\s*+\[')),
    Format(
        "dbcop-json",
        read_dbcop_json,
        begins(r'\[\s*+\[\s*+\{\s*+"(?:events|committed)"', r'\{\s*+"(?:params|data)"'),
    ),
    Format(
        "edn",
        read_jepsen_edn,
        begins(
            r"[\[(]?+[\s,]*+(?:[\[(]|\#\w[\w.]*+)?+[\s,]*+\{\s*+:\w",
            r"[\[(]\s*+[\[(]\s*+:?[\w-]++\s++:\w",
            r"\#jepsen\.history\.\w++\s*+[\[({]",
        ),
        ("edn",),
    ),
    Format(
        "porcupine-json",
        read_porcupine_json,
        begins(r'(?i:\[?\s*+\{\s*+"client_?id"\s*+:\s*+-?\d++\s*+,\s*+"input")'),
    ),
    Format(
        "chaos-json",
        read_chaos_json,
        begins(r'\[?\s*+\{\s*+"action"\s*+:\s*+"\w++"\s*+,\s*+"proc"'),
    ),
    Format("jsonl", read_json_lines, begins(r'\[?\s*+\{[^{}]*?"client"\s*+:'), ("jsonl", "ndjson")),
    Format("jepsen-json", read_jepsen_json, begins(r'\[?\s*+\{[^{}]*?"(?:type|process)"\s*+:')),
    Format(
        "csv",
        read_csv_table,
        begins(r"(?=[^\n]*+)(?=[^\n]*?\bclient\b)(?=[^\n]*?\bf\b)[\w ]++,"),
        ("csv",),
    ),
)
FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _FORMATS})


def guess_format(name: str, head: str | bytes) -> str:
    """Name the format of a file from its name and its beginning, see `guess`.

    Raises:
        UnreadableHistory: nothing fits; the message lists the formats.

    >>> guess_format("a.txt", "r(1,0,0,1)"), guess_format("a", "{:process 1}")
    ('plume-text', 'edn')
    """
    return guess(FORMATS, name, head)
