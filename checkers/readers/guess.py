"""Which format a file has, by its name and its first characters."""

from __future__ import annotations

import re
import struct

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.limits import excerpt

HEAD_BYTES = 65_536
"""How much of a file is worth showing to `guess_format`."""

BY_SUFFIX = {
    "csv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "hist": "dbcop-hist",
    "yaml": "dbcop-yaml",
    "yml": "dbcop-yaml",
    "edn": "edn",
    "bincode": "dbcop-bincode",
}
BLANKS_AND_COMMENTS = re.compile(r"(?:\s++|;[^\n]*+|//[^\n]*+)*+")
BY_BEGINNING = (
    ("dbcop-yaml", re.compile(r"(?:---\s++)?- - events:")),
    ("plume-text", re.compile(r"[rw]\s*+\(\s*+-?\d++\s*+,")),
    ("awdit-text", re.compile(r"[rw]\s++\d++\s++\d++[ \t\r]*+(?:\n|\Z)|={2,}+\s|-{2,}+\s")),
    ("dbcop-hist", re.compile(r"\[\s*+[A-Za-z_]\w*+(?::=|==)")),
    ("interval-json", re.compile(r'\[\s*+\{[^{}\[\]]*?"ops"\s*+:\s*+\[')),
    ("session-json", re.compile(r'\[\s*+\{[^{}\[\]]*?"sessions"\s*+:\s*+\[')),
    ("dbcop-json", re.compile(r'\[\s*+\[\s*+\{\s*+"(?:events|committed)"|\{\s*+"(?:params|data)"')),
    ("edn", re.compile(r"[\[(]?+[\s,]*+(?:[\[(]|\#\w[\w.]*+)?+[\s,]*+\{\s*+:\w")),
    ("edn", re.compile(r"[\[(]\s*+[\[(]\s*+:?[\w-]++\s++:\w")),
    ("jsonl", re.compile(r'\[?\s*+\{[^{}]*?"client"\s*+:')),
    ("jepsen-json", re.compile(r'\[?\s*+\{[^{}]*?"(?:type|process)"\s*+:')),
    ("csv", re.compile(r"(?=[^\n]*+)(?=[^\n]*?\bclient\b)(?=[^\n]*?\bf\b)[\w ]++,")),
)
LOG_LINE = "jepsen.util - "
FORMATS = (
    "awdit-text",
    "csv",
    "dbcop-bincode",
    "dbcop-hist",
    "dbcop-json",
    "dbcop-yaml",
    "edn",
    "interval-json",
    "jepsen-json",
    "jepsen-log",
    "jsonl",
    "plume-text",
    "session-json",
)


def guess_format(name: str, head: str | bytes) -> str:
    """Name the format of a file from its name and its beginning.

    What the beginning says wins over the name, because names are often wrong.

    Raises:
        UnreadableHistory: nothing fits; the message lists the formats.

    >>> guess_format("a.txt", "r(1,0,0,1)"), guess_format("a", "{:process 1}")
    ('plume-text', 'edn')
    """
    if isinstance(head, bytes):
        if _is_bincode(head):
            return "dbcop-bincode"
        head = head[:HEAD_BYTES].decode("utf-8-sig", "replace")
    head = head[:HEAD_BYTES]
    if LOG_LINE in head:
        return "jepsen-log"
    start = BLANKS_AND_COMMENTS.match(head)
    assert start is not None, "nothing at all is a match, too"
    for form, beginning in BY_BEGINNING:
        if beginning.match(head, start.end()):
            return form
    if start.end() == len(head):
        raise UnreadableHistory(name, 0, "the file is empty, or holds comments alone")
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    raise UnreadableHistory(
        name,
        0,
        f"cannot tell the format of a file that begins with {excerpt(head[start.end() :])}; "
        f"name one of {', '.join(FORMATS)}",
    )


def _is_bincode(head: bytes) -> bool:
    """Tell whether bytes begin with five small numbers and the length of a short text."""
    if len(head) < 48:
        return False
    numbers = struct.unpack_from("<6Q", head)
    return max(numbers[:5]) < 2**40 and numbers[5] < 2**16 and b"\0" in head[:48]
