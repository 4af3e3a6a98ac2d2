"""Mutants of trace files that know what a trace is made of: values, fields, lines, and the seal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2s
from random import Random
from typing import Any

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, 1.5, "", "0", "-1", "1.0", "2.0", "é",
    "\x1b[31mred\x1b[0m", "\u202eright to left", "\x00", "\x9b2J", "a" * 5_000, "/etc/passwd",
    "../../x", "/dev/zero", "\r\nx", [], {}, [[]], [1, "a"], {"t": "x"}, {"type": "step"},
    [[[[[[[[[[1]]]]]]]]]], "c1", "s1", "deliver", "call",
)  # fmt: skip
BYTES = (
    b"",
    b"\xff",
    b"\x00",
    b"\x1b[2J",
    b"{",
    b"]",
    b'"',
    b"\\ud800",
    b"1e999",
    b"NaN",
    b"\n",
    b"-",
)


def mutant(whole: bytes, random: Random) -> tuple[bytes, bool]:
    """Change a trace in one to three places; tell whether it was sealed again afterwards."""
    if random.random() < 0.2:
        return _with_other_bytes(whole, random), False
    lines = [json.loads(line) for line in whole.splitlines()]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change(lines, random)
    is_sealed = random.random() < 0.8
    return (sealed(lines) if is_sealed else written(lines)), is_sealed


def written(lines: list[Any]) -> bytes:
    """Write lines as they are."""
    return b"".join(
        json.dumps(line, separators=(",", ":"), ensure_ascii=random_ascii(line)).encode(
            errors="replace"
        )
        + b"\n"
        for line in lines
    )


def random_ascii(line: Any) -> bool:
    """Some lines are in ASCII, others not, by their content."""
    return len(repr(line)) % 2 == 0


def sealed(lines: list[Any]) -> bytes:
    """Write lines with an end that says that nothing was changed."""
    body = written([one for one in lines if not _is_of(one, "end")])
    counts = [sum(_is_of(one, kind) for one in lines) for kind in ("step", "event")]
    digest = blake2s(body, digest_size=16).hexdigest()
    end = {"digest": digest, "events": counts[1], "steps": counts[0]}
    return body + b'{"type":"end",' + json.dumps(end, separators=(",", ":"))[1:].encode() + b"\n"


def _is_of(line: Any, kind: str) -> bool:
    return isinstance(line, dict) and line.get("type") == kind


def _with_other_bytes(whole: bytes, random: Random) -> bytes:
    start = random.randrange(len(whole))
    end = min(len(whole), start + random.choice((0, 1, 1, 5, 100)))
    return whole[:start] + random.choice(BYTES) + whole[end:]


def _change(lines: list[Any], random: Random) -> None:
    place = random.randrange(len(lines))
    if random.random() < 0.2:
        _change_lines(lines, place, random)
        return
    holders = list(_containers(lines[place]))
    if not holders:
        return
    holder = random.choice(holders)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if not keys:
        return
    key = random.choice(keys)
    match random.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[random.choice(("x", "t", "type", "node", str(random.choice(STRANGE))))] = (
                holder.pop(key)
            )
        case 2:
            other = random.choice(holders)
            inner = list(other.values()) if isinstance(other, dict) else other
            holder[key] = json.loads(json.dumps(random.choice(inner or [None])))
        case _:
            holder[key] = random.choice(STRANGE)


def _change_lines(lines: list[Any], place: int, random: Random) -> None:
    other = random.randrange(len(lines))
    match random.randrange(4):
        case 0 if len(lines) > 1:
            del lines[place]
        case 1:
            lines.insert(other, json.loads(json.dumps(lines[place])))
        case 2:
            lines[place], lines[other] = lines[other], lines[place]
        case _:
            lines[place] = random.choice(STRANGE)


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)
