"""A small reader of EDN, the notation of Clojure data (https://github.com/edn-format/edn).

| EDN                     | here                                                |
|-------------------------|-----------------------------------------------------|
| nil true false          | None True False                                     |
| 12 12N 0x1f             | int                                                 |
| 1.5 1.5M 1/3            | float, Decimal, Fraction                            |
| "text" \\c              | str                                                 |
| :name, symbol           | ":name" with its colon, "symbol"                    |
| (1 2) [1 2]             | tuple                                               |
| #{1 2}                  | frozenset                                           |
| {:a 1}                  | dict; inside a set or a key, a tuple of pairs       |
| #:n{:a 1}               | dict with the key ":n/a"                            |
| #tag value              | the value                                           |
| #"regex" #<object>      | str, as it stands                                   |
| ##NaN ##Inf             | Incomparable: an error only where somebody looks    |
| #_ value ; comment      | nothing                                             |

Why not a library: docs/decisions/0002-own-edn-reader.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.history import exact
from counterpoint.checkers.readers.case import frozen
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt

# Possessive quantifiers throughout: no input can make the match go back and try again.
TOKEN = re.compile(
    r"""[\s,]*+(?:;[^\n]*+[\s,]*+)*+
    (?: (?P<atom>[^\s,;"\[\](){}\\\#][^\s,;"\[\](){}]*+)
      | (?P<open>\#\{|[\[({])
      | (?P<close>[\])}])
      | (?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<character>\\\S[^\s,;"\[\](){}\\]*+)
      | (?P<discard>\#_)
      | (?P<opaque>\#"[^"\\]*+(?:\\.[^"\\]*+)*+"|\#<[^<>\n]*+>)
      | (?P<special>\#\#-?\w*+)
      | (?P<namespace>\#:[^\s,;"\[\](){}]*+)
      | (?P<tag>\#[^\W\d][^\s,;"\[\](){}]*+)
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
# A vector or list that holds a collection, or nothing: the one around all events of a file. A tag
# in front of it, such as that of Jepsen's histories, says nothing that matters here.
AROUND = re.compile(
    r"""[\s,]*+(?:;[^\n]*+[\s,]*+)*+ (?:\#[^\W\d][\w.-]*+\s*+)?+ ([\[(])
    (?= [\s,]*+(?:;[^\n]*+[\s,]*+)*+ (?:[\[({\])]|\#|\Z) )""",
    re.VERBOSE,
)
INTEGER = re.compile(r"[+-]?\d{1,1000}N?")
HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]{1,1000}N?")
RATIO = re.compile(r"[+-]?\d{1,1000}/0*[1-9]\d{0,999}")
FLOAT = re.compile(r"[+-]?\d{1,300}(?:\.\d{0,300})?(?:[eE][+-]?\d{1,3})?M?")
NUMERIC_START = re.compile(r"[+-]?\d")
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"'}
CHARACTERS = {"newline": "\n", "return": "\r", "space": " ", "tab": "\t"}
CLOSERS = {"[": "]", "(": ")", "{": "}", "#{": "}", "": ""}
NOTHING = object()
"""What a discarded form becomes."""


@dataclass(frozen=True, slots=True)
class Form:
    """One value of a text, and the line on which it begins."""

    line: int
    value: object


@dataclass(frozen=True, slots=True)
class Incomparable:
    """A number that equals nothing, such as ##NaN: harmless where nobody looks at it."""

    word: str

    def __repr__(self) -> str:
        return self.word


def read_edn_value(
    text: str, *, source: str, line: int = 1, limits: ReadingLimits = DEFAULT_LIMITS
) -> tuple[object, str]:
    """Read the first value of a text, and return the rest with it; no value at all is nil.

    Raises:
        UnreadableHistory: no EDN, with the line given.

    >>> read_edn_value("[[:r 1 nil]] :timeout", source="doc")
    (((':r', 1, None),), ' :timeout')
    """
    reading = _Reading(text, source, limits)
    try:
        token = reading.token()
        kind = token.lastgroup
        assert kind is not None, "every alternative is named"
        if kind == "end":
            return None, ""
        if kind == "close":
            raise reading.unbalanced("", 0, token[kind], token.start(kind))
        value = reading.value(kind, token[kind], token.start(kind), 0)
    except UnreadableHistory as error:
        raise UnreadableHistory(source, line + max(error.line - 1, 0), error.reason) from None
    return None if value is NOTHING else value, text[reading.position :]


def read_edn(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Iterator[Form]:
    """Walk the forms of a text, or the elements of the one vector or list around them.

    A vector or list at the beginning is taken as the one around everything if collections are in
    it; otherwise it is a form like any other.

    Raises:
        UnreadableHistory: not EDN, or too deep; while walking, at the first fault.

    >>> [form.value for form in read_edn("[{:a 1}, {:a #{2}}]", source="doc")]
    [{':a': 1}, {':a': frozenset({2})}]
    """
    return _Reading(text, source, limits).forms()


@dataclass(slots=True)
class _Reading:
    """One walk over a text. Atoms repeat a lot in histories, so each spelling is read once."""

    text: str
    source: str
    limits: ReadingLimits
    position: int = 0
    atoms: dict[str, object] = field(
        default_factory=lambda: {"nil": None, "true": True, "false": False}
    )

    def forms(self) -> Iterator[Form]:
        around = AROUND.match(self.text)
        if around is None:
            yield from self.until("", 0, 0)
            return
        self.position = around.end()
        yield from self.until(around[1], around.start(1), 1)
        rest = TOKEN.match(self.text, self.position)
        if rest is None or rest.lastgroup != "end":
            raise self.error(
                self.position, f"something follows the {around[1]!r} around the events"
            )

    def until(self, opener: str, opened: int, depth: int) -> Iterator[Form]:
        """Walk the values up to the bracket that closes `opener`, with their lines."""
        closer = CLOSERS[opener]
        line, counted = 1, 0
        while True:
            token = self.token()
            kind = token.lastgroup
            assert kind is not None, "every alternative is named"
            start = token.start(kind)
            if kind in ("close", "end"):
                if token[kind] != closer:
                    raise self.unbalanced(opener, opened, token[kind], start)
                return
            value = self.value(kind, token[kind], start, depth)
            if value is not NOTHING:
                line += self.text.count("\n", counted, start)
                counted = start
                yield Form(line, value)

    def token(self) -> re.Match[str]:
        token = TOKEN.match(self.text, self.position)
        if token is None:
            raise self.stuck()
        self.position = token.end()
        return token

    def items(self, opener: str, opened: int, depth: int) -> list[object]:
        """Read the values up to the bracket that closes `opener`: the inner loop."""
        values: list[object] = []
        atoms, text, match = self.atoms, self.text, TOKEN.match
        while True:
            token = match(text, self.position)
            if token is None:
                raise self.stuck()
            self.position = token.end()
            kind = token.lastgroup
            assert kind is not None, "every alternative is named"
            word = token[kind]
            if word in atoms and kind == "atom":
                values.append(atoms[word])
                continue
            start = token.start(kind)
            if kind in ("close", "end"):
                if word != CLOSERS[opener]:
                    raise self.unbalanced(opener, opened, word, start)
                return values
            value = self.value(kind, word, start, depth)
            if value is not NOTHING:
                values.append(value)

    def value(self, kind: str, word: str, start: int, depth: int) -> object:
        """Finish the value that begins with this token."""
        if kind == "atom":
            return self.atom(word, start)
        if kind == "string":
            return self.string(word, start)
        if kind == "character":
            return self.character(word, start)
        if kind == "special":
            return Incomparable(word)
        if kind == "opaque":
            return word
        if depth >= self.limits.depth_max:
            raise self.error(start, f"values nest deeper than {self.limits.depth_max}")
        if kind == "open":
            return self.collection(word, start, depth + 1)
        following = self.next_value(word, start, depth + 1)
        if kind == "discard":
            return NOTHING
        if kind == "namespace":
            return self.qualified(word, following, start)
        return following

    def next_value(self, word: str, start: int, depth: int) -> object:
        """Read the value that a tag, a namespace or a discard needs after it."""
        value = NOTHING
        while value is NOTHING:
            token = self.token()
            kind = token.lastgroup
            assert kind is not None, "every alternative is named"
            if kind in ("close", "end"):
                raise self.error(start, f"{excerpt(word)} has no value after it")
            value = self.value(kind, token[kind], token.start(kind), depth)
        return value

    def collection(self, opener: str, start: int, depth: int) -> object:
        values = self.items(opener, start, depth)
        if opener == "{":
            return self.mapping(values, start)
        if opener == "#{":
            elements = list(map(frozen, values))
            # In Python, true and 1 and 1.0 are one element, and none of them is the others'.
            made = frozenset(elements)
            return made if len(made) == len(elements) else frozenset(map(exact, elements))
        return tuple(values)

    def mapping(self, values: list[object], start: int) -> dict[Hashable, object]:
        if len(values) % 2:
            raise self.error(start, "a map needs a value for each key; this one has one too few")
        keys = list(map(frozen, values[::2]))
        pairs = dict(zip(keys, values[1::2], strict=True))
        if len(pairs) != len(keys):  # or one that looks like another: true, 1, 1.0
            pairs = dict(zip(map(exact, keys), values[1::2], strict=True))
        if len(pairs) != len(keys):
            raise self.error(start, "this map has a key twice")
        return pairs

    def qualified(self, word: str, value: object, start: int) -> object:
        """Give the plain keywords among a map's keys the namespace in front of it."""
        if not isinstance(value, dict):
            raise self.error(start, f"{excerpt(word)} stands before a map, and nothing else")
        space = word[1:]
        return {
            f"{space}/{key[1:]}" if isinstance(key, str) and key.startswith(":") else key: inner
            for key, inner in value.items()
        }

    def atom(self, word: str, start: int) -> object:
        if word in self.atoms:
            return self.atoms[word]
        value = _number(word) if NUMERIC_START.match(word) else word
        if value is None:
            raise self.error(start, f"{excerpt(word)} is no number; names begin with a letter")
        self.atoms[word] = value
        return value

    def string(self, word: str, start: int) -> str:
        if "\\" not in word:
            return word[1:-1]
        try:
            return ESCAPE.sub(_unescaped, word[1:-1])
        except KeyError as error:
            raise self.error(start, f"\\{error.args[0]} is no escape of a string") from None

    def character(self, word: str, start: int) -> str:
        name = word[1:]
        if len(name) == 1:
            return name
        if re.fullmatch(r"u[0-9a-fA-F]{4}", name):
            return chr(int(name[1:], 16))
        if name in CHARACTERS:
            return CHARACTERS[name]
        raise self.error(start, f"{excerpt(word)} is no character")

    def error(self, position: int, reason: str) -> UnreadableHistory:
        line = self.text.count("\n", 0, position) + 1
        return UnreadableHistory(self.source, line, reason)

    def stuck(self) -> UnreadableHistory:
        rest = self.text[self.position : self.position + 200].lstrip(" \t\r\n,")
        begins = "a string that never ends" if rest.startswith('"') else "no EDN"
        return self.error(self.position, f"{excerpt(rest)} is {begins}")

    def unbalanced(self, opener: str, opened: int, word: str, start: int) -> UnreadableHistory:
        if not word:
            return self.error(opened, f"{opener!r} is opened here and never closed: truncated?")
        if not opener:
            return self.error(start, f"{word!r} closes nothing")
        line = self.text.count("\n", 0, opened) + 1
        return self.error(start, f"{word!r} closes the {opener!r} of line {line}")


def _number(word: str) -> object:
    """Read a number, or return None."""
    if INTEGER.fullmatch(word):
        return int(word.removesuffix("N"))
    if HEXADECIMAL.fullmatch(word):
        return int(word.removesuffix("N"), 16)
    if RATIO.fullmatch(word):
        return Fraction(word)
    if FLOAT.fullmatch(word):
        number = Decimal(word[:-1]) if word.endswith("M") else float(word)
        return number if math.isfinite(number) else None
    return None


def _unescaped(match: re.Match[str]) -> str:
    name = match[1]
    return chr(int(name[1:], 16)) if len(name) == 5 else ESCAPES[name]
