"""Text fitted to where it is shown: cut, wrapped, in ASCII on request. Inert it is made by `plain`."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells

from counterpoint.model.inert import TEXT_MAX, plain

__all__ = ["TEXT_MAX", "count_of", "fit", "in_encoding", "plain", "to_ascii", "width_of", "wrapped"]

_ASCII = {
    "✗": "x", "✓": "v", "●": "*", "│": "|", "┊": ":", "║": "H", "╎": "!", "┃": "#", "─": "-",
    "┼": "+", "▶": ">", "◀": "<", "╌": "~", "░": "%", "→": ">", "←": "<", "·": ";", "…": "~",
    "├": "[", "┤": "]", "◆": "#", "◇": "o", "▷": ">", "▲": "^", "↻": "@", "′": "'", "⋮": ":",
    "×": "x", "≥": ">", "≤": "<", "—": "-", "–": "-", "▁": "_", "▂": ".", "▃": ":", "▄": "-",
    "▅": "=", "▆": "+", "▇": "*", "█": "#", "≺": "<", "‖": "=", "²": "2", "≠": "#",
}  # fmt: skip
"""One character for each of ours, so that columns stay where they are."""


def to_ascii(text: str) -> str:
    r"""Return text in ASCII of the same width, except for foreign characters in values.

    >>> to_ascii("r1 ← store · ✗"), to_ascii("é")
    ('r1 < store ; x', '\\xe9')
    """
    mapped = "".join(_ASCII.get(character, character) for character in text)
    return mapped.encode("ascii", "backslashreplace").decode("ascii")


def in_encoding(text: str, encoding: str | None) -> str:
    """Return the text, or the text in ASCII if the encoding of where it goes lacks a character.

    >>> in_encoding("a · b", "utf-8"), in_encoding("a · b", "ascii")
    ('a · b', 'a ; b')
    """
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return to_ascii(text)
    return text


def count_of(number: int, noun: str) -> str:
    """Return a number of things, in words that go with it.

    >>> count_of(1, "fault"), count_of(0, "fault"), count_of(1200, "run")
    ('1 fault', '0 faults', '1,200 runs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


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
