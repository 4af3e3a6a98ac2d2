"""Bodies of Maelstrom's messages: JSON objects as frozen values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterpoint.model.values import Value

HIDDEN = ("type", "msg_id", "in_reply_to")


@dataclass(frozen=True, slots=True)
class JsonBody:
    """What a message says: the text of a JSON object, its keys in order.

    >>> print(body_of({"type": "echo", "echo": "hi", "msg_id": 3}))
    echo(echo: hi) #3
    >>> print(body_of({"type": "echo_ok", "in_reply_to": 3}))
    echo_ok() re #3
    """

    text: str

    @property
    def fields(self) -> Mapping[str, Any]:
        """What the object holds."""
        found = json.loads(self.text)
        assert isinstance(found, dict), self.text
        return found

    def __str__(self) -> str:
        fields = self.fields
        parts = (f"{key}: {_shown(value)}" for key, value in fields.items() if key not in HIDDEN)
        number = f" #{fields['msg_id']}" if "msg_id" in fields else ""
        reply = f" re #{fields['in_reply_to']}" if "in_reply_to" in fields else ""
        return f"{fields.get('type', '?')}({', '.join(parts)}){number}{reply}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else compact(value)


def compact(form: object) -> str:
    """Return JSON in its one form: keys in order, no spaces.

    >>> compact({"b": [1, 2.5], "a": None})
    '{"a":null,"b":[1,2.5]}'
    """
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def body_of(fields: Mapping[str, Any]) -> JsonBody:
    """Return the body that holds these fields."""
    return JsonBody(compact(fields))


def value_of(form: Any) -> Value:
    """Return JSON as a value: lists as tuples, objects as tuples of pairs, fractions as text.

    >>> value_of({"b": [1, 2.5], "a": None})
    (('a', None), ('b', (1, '2.5')))
    """
    match form:
        case dict():
            return tuple((key, value_of(form[key])) for key in sorted(form))
        case list():
            return tuple(map(value_of, form))
        case float():
            return repr(form)
    return form  # type: ignore[no-any-return]


def line_of(source: str, to: str, body: JsonBody) -> str:
    """Return a message as the line that a program reads.

    >>> line_of("c1", "n1", body_of({"type": "read"}))
    '{"src":"c1","dest":"n1","body":{"type":"read"}}'
    """
    return f'{{"src":{json.dumps(source)},"dest":{json.dumps(to)},"body":{body.text}}}'


class NoMessage(ValueError):
    """A line that a program wrote and that is no message. Says what would be one."""


def message_in(line: str) -> tuple[str, JsonBody]:
    """Return to whom a line of a program is, and what it says.

    >>> message_in('{"src": "n1", "dest": "c1", "body": {"type": "echo_ok"}}')
    ('c1', JsonBody(text='{"type":"echo_ok"}'))

    Raises:
        NoMessage: it is no message.
    """
    right = 'right would be {"src": "n1", "dest": "c1", "body": {"type": "echo_ok"}}'
    try:
        form = json.loads(line)
    except (ValueError, RecursionError):
        raise NoMessage(f"wrote {line[:120]!r}, which is no JSON; {right}") from None
    match form:
        case {"dest": str(to), "body": {"type": str(), **_rest} as body}:
            return to, body_of(body)
    raise NoMessage(f"wrote {line[:120]!r}, which is no message; {right}")
