"""Text made safe to show: no control characters, no direction marks, bounded, ASCII on request."""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len, chop_cells

TEXT_MAX = 400
"""No single value takes more characters than this in anything shown."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that would move the cursor, reorder the line or not show at all."""

_ASCII = {
    "✗": "x", "✓": "v", "●": "*", "│": "|", "┊": ":", "║": "H", "╎": "!", "┃": "#", "─": "-",
    "┼": "+", "▶": ">", "◀": "<", "╌": "~", "░": "%", "→": ">", "←": "<", "·": ";", "…": "~",
    "├": "[", "┤": "]", "◆": "#", "◇": "o", "▷": ">", "▲": "^", "↻": "@", "′": "'", "⋮": ":",
    "×": "x", "≥": ">", "≤": "<", "—": "-", "–": "-", "▁": "_", "▂": ".", "▃": ":", "▄": "-",
    "▅": "=", "▆": "+", "▇": "*", "█": "#", "≺": "<", "‖": "=", "²": "2",
}  # fmt: skip
"""One character for each of ours, so that columns stay where they are."""


def plain(text: str, limit: int = TEXT_MAX) -> str:
    r"""Return text that shows as it is: hidden characters escaped, the end cut off past a limit.

    >>> print(plain("a\x1b[31mb\u202ec"), plain("abcdef", 4))
    a\x1b[31mb\u202ec abc…
    """
    shortened = text[: limit + 1]
    if not shortened.isprintable():
        shortened = "".join(map(_visible, shortened))
    return shortened if len(shortened) <= limit else shortened[: limit - 1] + "…"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")


def to_ascii(text: str) -> str:
    r"""Return text in ASCII of the same width, except for foreign characters in values.

    >>> to_ascii("r1 ← store · ✗"), to_ascii("é")
    ('r1 < store ; x', '\\xe9')
    """
    mapped = "".join(_ASCII.get(character, character) for character in text)
    return mapped.encode("ascii", "backslashreplace").decode("ascii")


def width_of(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int) -> str:
    """Return the text, cut off with an ellipsis where it is wider than this many columns.

    >>> fit("abcdef", 4), fit("abc", 4)
    ('abc…', 'abc')
    """
    if width_of(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    return chop_cells(text, width - 1)[0] + "…"


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return the text on as many lines as it needs, broken between words where that is possible.

    Lines after the first begin with `indent`; no line is wider than `width`.

    >>> wrapped(" one two three", 9, "  ")
    [' one two', '  three']
    """
    lines: list[str] = []
    line = text[: len(text) - len(text.lstrip())]
    for word in text.lstrip().split(" "):
        joined = f"{line} {word}" if line.strip() else line + word
        if width_of(joined) <= width or not line.strip():
            line = joined
        else:
            lines.append(line)
            line = indent + word
        while width_of(line) > width:
            lines.append(chop_cells(line, width)[0])
            line = indent + line[len(lines[-1]) :]
    return [*lines, line]
