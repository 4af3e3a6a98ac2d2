"""Files of small named cases in JSON: [{"name": "...", <body>, "expected": {...}}, ...].

What is expected is not read: a verdict comes from the history alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.json_place import Place
from counterpoint.checkers.readers.json_text import read_json
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits, text_of


def read_bodies(
    data: str | bytes, *, body: str, source: str, limits: Limits = DEFAULT_LIMITS
) -> Iterator[tuple[str, list[object], Place]]:
    """Walk the cases: the name, the list under `body`, and where that list stands.

    Raises:
        UnreadableHistory: not JSON, not a list of such objects, or a name twice.
    """
    text = text_of(data, source=source, limits=limits)
    value = read_json(text, source=source, limits=limits)
    place = Place(text, source)
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
