"""The table of formats: one entry each. A new format is a reader in a file of its own, and a line here.

The order matters: the first entry that recognises the beginning of a file is its format.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Reader
from counterpoint.checkers.readers.limits import excerpt

HEAD_BYTES = 65_536
"""How much of a file is worth showing to `guess_format`."""

COMPRESSED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}

BLANKS_AND_COMMENTS = re.compile(r"(?:\s++|;[^\n]*+|//[^\n]*+)*+")


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file: its bytes, if it came as such, and its text.

    `start` is where the text goes on after blanks and comments.
    """

    data: bytes
    text: str
    start: int


Sniff = Callable[[Head], bool]


@dataclass(frozen=True, slots=True)
class Format:
    """One format of recorded histories: an entry of the table.

    `home` names the reader as "module:function" of this folder; it is imported when it is needed.
    `sniff` tells by the beginning of a file whether it is of this format; where no entry of the
    table says so, the name of the file decides, by its `suffixes` (after the last dot).
    """

    name: str
    home: str
    sniff: Sniff
    suffixes: tuple[str, ...] = ()

    @property
    def read(self) -> Reader:
        """The reader."""
        module, _, function = self.home.partition(":")
        found: Reader = getattr(import_module(f"{__package__}.{module}"), function)
        return found


def begins(*patterns: str) -> Sniff:
    """Recognise a format by what comes first after blanks and comments."""
    pattern = "|".join(f"(?:{one})" for one in patterns)
    # Compiled when it is needed: most commands need none of them.
    return lambda head: re.compile(pattern).match(head.text, head.start) is not None


def contains(pattern: str) -> Sniff:
    """Recognise a format by what is somewhere in the beginning."""
    return lambda head: re.search(pattern, head.text) is not None


def head_of(data: str | bytes) -> Head:
    """Cut the beginning off a file."""
    cut = data[:HEAD_BYTES]
    if isinstance(cut, bytes):
        raw, text = cut, cut.decode("utf-8-sig", "replace")
    else:
        raw, text = b"", cut.removeprefix("\ufeff")
    start = BLANKS_AND_COMMENTS.match(text)
    assert start is not None, "nothing at all is a match, too"
    return Head(raw, text, start.end())


def is_dbcop_bincode(head: Head) -> bool:
    """Tell whether bytes begin with five small numbers and the length of a short text."""
    if len(head.data) < 48:
        return False
    numbers = struct.unpack_from("<6Q", head.data)
    return max(numbers[:5]) < 2**40 and numbers[5] < 2**16 and b"\0" in head.data[:48]


MARK = r"jepsen\.util(?: -|:|)\s++"
LOG_LINE = rf"{MARK}:?[\w.-]++\s++:(?:invoke|ok|fail|info)\s|(?m:^INFO [^\n]*\bjepsen\.\w)"
HISTORY_LINE = r":?[\w.-]++[ \t]++:(?:invoke|ok|fail|info)[ \t]++:?[^\s\"\[\](){}]"

_FORMATS = (
    Format("dbcop-bincode", "dbcop_bincode:read_dbcop_bincode", is_dbcop_bincode, ("bincode",)),
    Format("jepsen-log", "jepsen_log:read_jepsen_log", contains(LOG_LINE), ("log",)),
    Format("jepsen-history", "jepsen_log:read_jepsen_history", begins(HISTORY_LINE)),
    Format(
        "dbcop-yaml",
        "dbcop_yaml:read_dbcop_yaml",
        begins(r"(?:---\s++)?- - events:"),
        ("yaml", "yml"),
    ),
    Format("plume-text", "session_text:read_plume_text", begins(r"[rw]\s*+\(\s*+-?\d++\s*+,")),
    Format(
        "awdit-text",
        "session_text:read_awdit_text",
        begins(r"[rw]\s++\d++\s++\d++[ \t\r]*+(?:\n|\Z)", r"={2,}+\s", r"-{2,}+\s"),
    ),
    Format(
        "dbcop-hist",
        "dbcop:read_dbcop_hist",
        begins(r"\[\s*+[A-Za-z_]\w*+(?::=|==)"),
        ("hist",),
    ),
    Format(
        "interval-json",
        "interval_json:read_interval_json",
        begins(r'\[\s*+\{[^{}\[\]]*?"ops"\s*+:\s*+\['),
    ),
    Format(
        "session-json",
        "session_json:read_session_json",
        begins(r'\[\s*+\{[^{}\[\]]*?"sessions"\s*+:\s*+\['),
    ),
    Format(
        "dbcop-json",
        "dbcop:read_dbcop_json",
        begins(r'\[\s*+\[\s*+\{\s*+"(?:events|committed)"', r'\{\s*+"(?:params|data)"'),
    ),
    Format(
        "edn",
        "edn_lines:read_jepsen_edn",
        begins(
            r"[\[(]?+[\s,]*+(?:[\[(]|\#\w[\w.]*+)?+[\s,]*+\{\s*+:\w",
            r"[\[(]\s*+[\[(]\s*+:?[\w-]++\s++:\w",
            r"\#jepsen\.history\.\w++\s*+[\[({]",
        ),
        ("edn",),
    ),
    Format(
        "porcupine-json",
        "porcupine_json:read_porcupine_json",
        begins(r'(?i:\[?\s*+\{\s*+"client_?id"\s*+:\s*+-?\d++\s*+,\s*+"input")'),
    ),
    Format(
        "chaos-json",
        "chaos_json:read_chaos_json",
        begins(r'\[?\s*+\{\s*+"action"\s*+:\s*+"\w++"\s*+,\s*+"proc"'),
    ),
    Format(
        "jsonl",
        "json_lines:read_json_lines",
        begins(r'\[?\s*+\{[^{}]*?"client"\s*+:'),
        ("jsonl", "ndjson"),
    ),
    Format(
        "jepsen-json",
        "jepsen_events:read_jepsen_json",
        begins(r'\[?\s*+\{[^{}]*?"(?:type|process)"\s*+:'),
    ),
    Format(
        "csv",
        "csv_table:read_csv_table",
        begins(r"(?=[^\n]*+)(?=[^\n]*?\bclient\b)(?=[^\n]*?\bf\b)[\w ]++,"),
        ("csv",),
    ),
)
FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _FORMATS})


def guess_format(name: str, data: str | bytes) -> str:
    """Name the format of a file from its name and its beginning.

    What the beginning says wins over the name, because names are often wrong; of several formats
    the first in the table wins.

    Raises:
        UnreadableHistory: nothing fits; the message lists the formats.

    >>> guess_format("a.txt", "r(1,0,0,1)"), guess_format("a", "{:process 1}")
    ('plume-text', 'edn')
    """
    head = head_of(data)
    for beginning, what in COMPRESSED.items():
        if head.data.startswith(beginning):
            raise UnreadableHistory(name, 0, f"compressed ({what}); unpack it first")
    for form in _FORMATS:
        if form.sniff(head):
            return form.name
    if head.start == len(head.text):
        raise UnreadableHistory(name, 0, "the file is empty, or holds comments alone")
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    for form in _FORMATS:
        if suffix in form.suffixes:
            return form.name
    raise UnreadableHistory(
        name,
        0,
        "cannot tell the format of a file that begins with "
        f"{excerpt(head.text[head.start : head.start + 60])}; name one of {', '.join(sorted(FORMATS))}",
    )
