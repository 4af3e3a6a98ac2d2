"""JSON with limits, with the line of whatever is wrong in it, and files of named cases."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from json.decoder import JSONDecodeError, JSONDecoder

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt, text_of

BLANKS = re.compile(r"[ \t\r\n]*+")
# A string that never ends takes the rest, or each quote in it would be tried as a beginning.
BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


def read_json(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> object:
    """Parse one JSON value.

    Raises:
        UnreadableHistory: not JSON, deeper than `depth_max`, or a number that is not finite.
    """
    check_depth(text, source=source, limits=limits)
    try:
        value: object = _decoder().decode(text)
    except (JSONDecodeError, ValueError, RecursionError) as error:
        raise _unreadable(error, text, source, 0) from None
    return value


def read_elements(
    text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Iterator[tuple[int, object]]:
    """Walk the elements of a JSON array, or JSON values one after another, each with its line.

    Raises:
        UnreadableHistory: as `read_json`.

    >>> list(read_elements('[1,\\n {"a": 2}]', source="doc"))
    [(1, 1), (2, {'a': 2})]
    """
    check_depth(text, source=source, limits=limits)
    decode = _decoder().raw_decode
    position = _skip(text, 0)
    in_array = text.startswith("[", position)
    if in_array:
        position = _skip(text, position + 1)
    line, counted = 1, 0
    is_first = True
    while position < len(text) and not (in_array and text[position] == "]"):
        if in_array and not is_first:
            position = _separated(text, position, source)
        line += text.count("\n", counted, position)
        counted, is_first = position, False
        try:
            value, end = decode(text, position)
        except (JSONDecodeError, ValueError, RecursionError) as error:
            raise _unreadable(error, text, source, position) from None
        yield line, value
        position = _skip(text, end)
    _check_end(text, position, in_array, source)


def check_depth(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> None:
    """Refuse text whose brackets nest deeper than `depth_max`, before a parser recurses into it."""
    if text.count("[") + text.count("{") <= limits.depth_max:
        return
    depth = 0
    for token in BRACKETS.finditer(text):
        character = text[token.start()]
        if character in "[{":
            depth += 1
            if depth > limits.depth_max:
                raise UnreadableHistory(
                    source,
                    line_at(text, token.start()),
                    f"brackets nest deeper than {limits.depth_max}",
                )
        elif character in "]}":
            depth -= 1


def line_at(text: str, position: int) -> int:
    """Return the line, from 1, of a position in a text."""
    return text.count("\n", 0, position) + 1


def _decoder() -> JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def read_at_once(lines: Iterable[str]) -> list[tuple[object, int]]:
    """Parse the value at the beginning of each line, and say where it ends.

    Raises:
        ValueError, RecursionError: a line does not begin with JSON, or nests too deep.
    """
    return list(map(_decoder().raw_decode, lines))


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON and cannot be compared with anything")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:40]} is beyond the range of a number")
    return number


def _skip(text: str, position: int) -> int:
    blanks = BLANKS.match(text, position)
    assert blanks is not None, "no blank is a match, too"
    return blanks.end()


def _separated(text: str, position: int, source: str) -> int:
    if text[position] != ",":
        raise UnreadableHistory(
            source, line_at(text, position), "the elements of an array need a comma between them"
        )
    return _skip(text, position + 1)


def _check_end(text: str, position: int, in_array: bool, source: str) -> None:
    if not in_array:
        return
    if position >= len(text):
        raise UnreadableHistory(
            source, line_at(text, len(text)), "the array is never closed: truncated?"
        )
    rest = _skip(text, position + 1)
    if rest < len(text):
        raise UnreadableHistory(source, line_at(text, rest), "something follows the array")


def _unreadable(
    error: ValueError | RecursionError, text: str, source: str, position: int
) -> UnreadableHistory:
    if isinstance(error, JSONDecodeError):
        reason = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        return UnreadableHistory(source, line_at(text, error.pos), reason)
    if isinstance(error, RecursionError):
        return UnreadableHistory(source, line_at(text, position), "values nest too deep")
    return UnreadableHistory(source, line_at(text, position), f"not JSON: {error}")


def line_of_path(text: str, path: tuple[str | int, ...]) -> int:
    """Return the line on which the value at `path` of a well-formed JSON text begins.

    Only for errors: it parses the text once more. Where a key stands twice, the first one counts,
    so a path may end early; the line is then that of the container.

    >>> line_of_path('{"data":\\n [0,\\n 1]}', ("data", 1))
    3
    """
    position = _skip(text, 0)
    for step in path:
        try:
            position = _enter(text, position, step)
        except (ValueError, RecursionError):
            break
    return line_at(text, position)


def _enter(text: str, position: int, step: str | int) -> int:
    """Return where the element `step` of the container at `position` begins."""
    decode = _decoder().raw_decode
    place = 0
    position = _skip(text, position + 1)
    while True:
        key: object = place
        if isinstance(step, str):
            key, end = decode(text, position)
            position = _skip(text, _skip(text, end) + 1)
        if key == step:
            return position
        _, end = decode(text, position)
        position = _skip(text, _skip(text, end) + 1)
        place += 1


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path into the JSON text of a source."""

    text: str
    source: str
    path: tuple[str | int, ...] = ()

    def inside(self, *steps: str | int) -> JsonPath:
        """Step into a container."""
        return JsonPath(self.text, self.source, (*self.path, *steps))

    def wrong(self, value: object, right: str) -> UnreadableHistory:
        """Say what stands here, and what should."""
        shown = excerpt(value)
        return UnreadableHistory(
            self.source, line_of_path(self.text, self.path), f"{shown} is no {right}"
        )


def read_bodies(
    data: str | bytes, *, body: str, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Iterator[tuple[str, list[object], JsonPath]]:
    """Walk the cases: the name, the list under `body`, and where that list stands.

    Raises:
        UnreadableHistory: not JSON, not a list of such objects, or a name twice.
    """
    text = text_of(data, source=source, limits=limits)
    value = read_json(text, source=source, limits=limits)
    place = JsonPath(text, source)
    if not isinstance(value, list):
        raise place.wrong(value, f'list of cases such as {{"name": "a", "{body}": [...]}}')
    if not value:
        raise UnreadableHistory(source, 0, "there is no case in it")
    names: set[str] = set()
    for number, case in enumerate(value):
        here = place.inside(number)
        if not (isinstance(case, dict) and isinstance(case.get(body), list)):
            raise here.wrong(case, f'case such as {{"name": "a", "{body}": [...]}}')
        name = str(case.get("name", number + 1))
        if name in names:
            raise here.wrong(name, "new name; each case needs its own")
        names.add(name)
        yield name, case[body], here.inside(body)
