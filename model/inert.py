"""Foreign text made inert: the one place that all text from files goes through before it is shown.

What a file, a name or a message contains may be made to move the cursor, to reorder the line, to start
a program of the terminal, or to be no text at all. Inert text shows what is in it and does nothing:
controls (C0, C1, and so every ANSI and OSC sequence), marks of direction, characters that do not show,
and lone surrogates stand as their escapes, and it has an end.

Languages that give characters a meaning (HTML, Markdown, a shell) need their own escapes besides.
"""

from __future__ import annotations

import re
import reprlib
import unicodedata

TEXT_MAX = 400
"""No single value takes more characters than this in anything shown."""

QUOTED_MAX = 120
"""No error quotes more characters than this of what it complains about."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that would move the cursor, reorder the line or not show at all."""


def plain(text: str, limit: int = TEXT_MAX) -> str:
    r"""Return text that shows as it is, on one line: hidden characters escaped, cut off past a limit.

    >>> print(plain("a\x1b[31mb\u202ec"), plain("abcdef", 4))
    a\x1b[31mb\u202ec abc…
    """
    shortened = text[: limit + 1]
    if not shortened.isprintable():
        shortened = "".join(map(_visible, shortened))
    return shortened if len(shortened) <= limit else shortened[: limit - 1] + "…"


def plain_lines(text: str, limit: int = TEXT_MAX) -> str:
    r"""Return text of several lines, each of them plain.

    >>> plain_lines("a\x07\nb\r\n")
    'a\\x07\nb\\r\n'
    """
    return "\n".join(plain(line, limit) for line in text.split("\n"))


def quoted(value: object, limit: int = QUOTED_MAX) -> str:
    r"""Return foreign data as an error quotes it: its Python literal, plain and short.

    >>> print(quoted("a\x1b[2J"), quoted(["a", 1]), quoted("x" * 900, 9))
    'a\x1b[2J' ['a', 1] 'xxxxxxx…
    """
    brief = reprlib.Repr()
    brief.maxlist = brief.maxtuple = brief.maxdict = brief.maxset = brief.maxfrozenset = 30
    brief.maxlong = brief.maxother = 2 * limit
    if isinstance(value, str | bytes):
        return plain(repr(value[: limit + 1]), limit)
    brief.maxstring = 2 * limit
    return plain(brief.repr(value), limit)


def json_inert(text: str) -> str:
    r"""Return a JSON text that means the same, with escapes for what does not show.

    >>> print(json_inert('["\x9b\u202e", "→"]'))
    ["\u009b\u202e", "→"]
    """
    return text if text.isprintable() else _UNPRINTABLE.sub(_json_escape, text)


_UNPRINTABLE = re.compile(r"[^ -~]")


def _json_escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in "\n\r\t" or unicodedata.category(character) not in _HIDDEN:
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
