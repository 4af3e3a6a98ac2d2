"""The part of MessagePack that values need, with the standard library alone.

    null, false, true, integers of 64 bits, text, bytes, arrays

Numbers and lengths take the shortest form, as `msgspec` writes them: the two give equal bytes. See
https://github.com/msgpack/msgpack/blob/master/spec.md.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

Plain: TypeAlias = "bool | int | str | bytes | list[Plain] | None"
"""What MessagePack knows by itself."""

DEPTH_MAX = 200
"""Values nest less deeply than this; text that nests deeper was written to hurt."""


class BadBytes(ValueError):
    """Bytes that no node of this version can have written. Says what is wrong with them."""


# ---- writing -------------------------------------------------------------------------------------


def pack(plain: Plain) -> bytes:
    """Return the bytes of a plain value.

    Raises:
        BadBytes: it has an integer of more than 64 bits, or text that is half a character.

    >>> pack([1, "a", None, b"x", -33, 300]).hex()
    '9601a161c0c40178d0dfcd012c'
    """
    parts: list[bytes] = []
    try:
        _pack(plain, parts)
    except (struct.error, UnicodeEncodeError) as error:
        raise BadBytes(f"{plain!r} cannot be sent: {error}") from None
    return b"".join(parts)


def _pack(plain: Plain, parts: list[bytes]) -> None:
    match plain:
        case None:
            parts.append(b"\xc0")
        case bool():
            parts.append(b"\xc3" if plain else b"\xc2")
        case int():
            parts.append(_packed_int(plain))
        case str():
            text = plain.encode()
            parts += (_head(len(text), 0xA0, 31, (0xD9, 0xDA, 0xDB)), text)
        case bytes():
            parts += (_head(len(plain), 0, -1, (0xC4, 0xC5, 0xC6)), plain)
        case _:
            parts.append(_head(len(plain), 0x90, 15, (None, 0xDC, 0xDD)))
            for item in plain:
                _pack(item, parts)


def _packed_int(number: int) -> bytes:
    if -32 <= number < 128:
        return struct.pack("b" if number < 0 else "B", number)
    forms = _SIGNED if number < 0 else _UNSIGNED
    for code, form, low, high in forms:
        if low <= number <= high:
            return struct.pack(form, code, number)
    raise struct.error(f"{number} has more than 64 bits")


_UNSIGNED = tuple((0xCC + k, f">B{'BHIQ'[k]}", 0, 2 ** (8 * 2**k) - 1) for k in range(4))
_SIGNED = tuple(
    (0xD0 + k, f">B{'bhiq'[k]}", -(2 ** (8 * 2**k - 1)), 2 ** (8 * 2**k - 1) - 1) for k in range(4)
)


def _head(size: int, fixed: int, fixed_max: int, codes: tuple[int | None, int, int]) -> bytes:
    """Return the bytes before a text, an array or the like: the shortest that hold its size."""
    if size <= fixed_max:
        return bytes((fixed | size,))
    if size < 2**8 and codes[0] is not None:
        return struct.pack(">BB", codes[0], size)
    if size < 2**16:
        return struct.pack(">BH", codes[1], size)
    return struct.pack(">BI", codes[2], size)


# ---- reading -------------------------------------------------------------------------------------


def unpack(data: bytes) -> Plain:
    """Return the plain value of these bytes.

    Raises:
        BadBytes: they are none, or more than one, or hold what values do not need.

    >>> unpack(bytes.fromhex("9601a161c0c40178d0dfcd012c"))
    [1, 'a', None, b'x', -33, 300]
    """
    try:
        plain, end = _unpack(data, 0, 0)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise BadBytes(f"no MessagePack: {error}") from None
    if end != len(data):
        raise BadBytes(f"{len(data) - end} bytes too many")
    return plain


def _unpack(data: bytes, at: int, depth: int) -> tuple[Plain, int]:
    code = data[at]
    at += 1
    if code < 0x80:
        return code, at
    if code >= 0xE0:
        return code - 0x100, at
    if 0xA0 <= code < 0xC0:
        return _text(data, at, code & 31)
    if 0x90 <= code < 0xA0:
        return _items(data, at, code & 15, depth)
    if code in _CONSTANTS:
        return _CONSTANTS[code], at
    if code in _NUMBERS:
        form, size = _NUMBERS[code]
        return struct.unpack_from(form, data, at)[0], at + size
    if code not in _SIZED:
        raise BadBytes(f"byte {code:#04x} begins no value")
    form, width, kind = _SIZED[code]
    size = struct.unpack_from(form, data, at)[0]
    at += width
    if kind == "array":
        return _items(data, at, size, depth)
    return _text(data, at, size) if kind == "text" else _raw(data, at, size)


_CONSTANTS: dict[int, bool | None] = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {0xCC + k: (f">{'BHIQbhiq'[k]}", 2 ** (k % 4)) for k in range(8)}
_SIZED = {
    0xC4: (">B", 1, "bytes"), 0xC5: (">H", 2, "bytes"), 0xC6: (">I", 4, "bytes"),
    0xD9: (">B", 1, "text"), 0xDA: (">H", 2, "text"), 0xDB: (">I", 4, "text"),
    0xDC: (">H", 2, "array"), 0xDD: (">I", 4, "array"),
}  # fmt: skip


def _raw(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise BadBytes(f"{size} bytes announced, {len(data) - at} there")
    return data[at : at + size], at + size


def _text(data: bytes, at: int, size: int) -> tuple[str, int]:
    raw, end = _raw(data, at, size)
    return raw.decode(), end


def _items(data: bytes, at: int, count: int, depth: int) -> tuple[list[Plain], int]:
    if count > len(data) - at:
        raise BadBytes(f"{count} values announced, {len(data) - at} bytes there")
    if depth >= DEPTH_MAX:
        raise BadBytes(f"nested more than {DEPTH_MAX} deep")
    items: list[Plain] = []
    for _ in range(count):
        item, at = _unpack(data, at, depth + 1)
        items.append(item)
    return items, at
