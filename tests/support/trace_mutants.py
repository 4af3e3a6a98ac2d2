"""Trace files changed by somebody who knows what stands in them: structure first, bytes second.

A mutant is a whole file with one to three changes. Half of the mutants are sealed again afterwards,
as somebody would who writes a file to be opened by others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from random import Random
from typing import Any

HOSTILE: tuple[Any, ...] = (
    "\x1b[2J\x1b]0;owned\x07", "\x9b31m", "\x1b]8;;http://x\x1b\\", "\u202eevil\u2066", "\ud800",
    "\udfff\ud800", "\x00", "\r\n", "\u2028", "x" * 5_000, "\x1b" * 3_000, "../../etc/passwd",
    "/dev/zero", "<script>alert(1)</script>", "```\n# x", "${jndi:x}", "$(touch x)", "'; rm -rf ~; '",
    "", " ", "1.0", "os:system", "json:dumps", "a:b:c", "1", "999999999999",
    0, -1, 1, 7, 2**53, 10**30, 10**4000, True, False, None, [], {}, [[]], {"a": {}}, [1, [2, [3]]],
    {"is": "X"}, {"set": []}, {"int": "x"}, {"is": ["X"], "kind": {}},
)  # fmt: skip
"""Values that act on a terminal, a page or a shell, that are long, of another type, or nested."""

RAW = ("1e999", "-1e999", "NaN", "Infinity", "1.5", "1e5", "[" * 400 + "]" * 400, "01", "tru",
       '"\\ud800"', '"\\u009b"', "9" * 5_000, '{"a":1,"a":2}')  # fmt: skip
"""Texts for a place in which a value stands that no value of ours is written as."""

PLACE = "\ue000place\ue000"
"""Stands where a raw text is to be put."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed file, and whether its seal was made right again."""

    content: bytes
    is_sealed: bool


def mutants(lines: Sequence[str], count: int, seed: int) -> Iterator[Mutant]:
    """Return so many mutants of a file; none of them is equal to it."""
    random = Random(seed)
    original = _joined(lines)
    while count:
        changed = list(lines)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            _change(changed, random)
        is_sealed = random.random() < 0.5
        if is_sealed:
            changed = sealed(changed)
        content = _joined(changed)
        if not is_sealed and random.random() < 0.1:
            content = _bytes_changed(content, random)
        if content != original:
            count -= 1
            yield Mutant(content, is_sealed)


def sealed(lines: Sequence[str]) -> list[str]:
    """Return lines whose end line has the counts and the digest of those before it."""
    *body, _ = lines or [""]
    seal = blake2s(digest_size=16)
    for line in body:
        seal.update(line.encode("utf-8", "surrogatepass") + b"\n")
    counts = [sum(line.startswith(f'{{"type":"{kind}"') for line in body) for kind in KINDS]
    events, steps = counts
    end = f'{{"type":"end","digest":"{seal.hexdigest()}","events":{events},"steps":{steps}}}'
    return [*body, end]


KINDS = ("event", "step")


def _joined(lines: Sequence[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")


def _change(lines: list[str], random: Random) -> None:
    """Change one line in place: a value in it, or which lines there are."""
    if not lines:
        return
    # The header decides what is run, the end what is believed: they are changed as often as all else.
    k = random.choice(
        (0, len(lines) - 1, random.randrange(len(lines)), random.randrange(len(lines)))
    )
    match random.randrange(12):
        case 0:
            del lines[k]
        case 1:
            lines.insert(random.randrange(len(lines) + 1), lines[k])
        case 2:
            other = random.randrange(len(lines))
            lines[k], lines[other] = lines[other], lines[k]
        case 3:
            lines[k] = random.choice(
                (" " + lines[k], lines[k] + " ", lines[k].replace(":", ": ", 1))
            )
        case _:
            lines[k] = _value_changed(lines[k], random)


def _value_changed(line: str, random: Random) -> str:
    try:
        form = json.loads(line)
    except (ValueError, RecursionError):
        return line[: random.randrange(len(line) + 1)]
    raw = ""
    places = list(_places(form))
    container, key = random.choice(places)
    match random.randrange(6):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[_hostile_key(random)] = container.pop(key)
        case 2:
            other, there = random.choice(places)
            container[key] = json.loads(json.dumps(other[there]))
        case 3:
            container[key], raw = PLACE, random.choice(RAW)
        case _:
            container[key] = random.choice(HOSTILE)
    text = json.dumps(form, ensure_ascii=random.random() < 0.3, separators=(",", ":"))
    return text.replace(json.dumps(PLACE), raw).replace(f'"{PLACE}"', raw)


def _hostile_key(random: Random) -> str:
    return random.choice([value for value in HOSTILE if isinstance(value, str)])


def _places(form: Any) -> Iterator[tuple[Any, Any]]:
    """Walk all places in a form, as (container, key)."""
    keys = list(form) if isinstance(form, dict) else range(len(form))
    for key in keys:
        yield form, key
        if isinstance(form[key], dict | list):
            yield from _places(form[key])


def _bytes_changed(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + random.choice((b"", bytes([random.randrange(256)]))) + content[at + 1 :]
