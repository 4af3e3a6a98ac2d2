"""Frames: what a stream of bytes between two nodes is cut into.

    length, 4 bytes | tag, 1 byte: what it is | content | seal, 8 bytes

The length counts what follows it. The seal is a keyed digest over the number of the frame on its
stream, its tag and its content: a frame that was altered, left out, repeated or put elsewhere is
noticed. Without a secret the key is known to everybody, and the seal guards against accidents alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2s
from hmac import compare_digest

from counterpoint.model.quick_init import quick_init

FRAME_BYTES_MAX = 4 * 2**20
"""No frame is longer. One that says it is, is refused before anything of it is kept."""

GREETING_BYTES_MAX = 4 * 2**10
"""As long may a frame be of somebody who has not shown yet who it is."""

SEAL_BYTES = 8
_HEAD = struct.Struct(">IB")
_PLACE = struct.Struct(">QB")


class Tag(IntEnum):
    """What a frame is."""

    HELLO = 1
    CHALLENGE = 2
    PROOF = 3
    WELCOME = 4
    REFUSAL = 5
    MESSAGES = 6
    TAKEN = 7
    ASK = 8
    ANSWER = 9
    SORRY = 10
    STATUS = 11
    NEWS = 12


_TAGS = {int(tag): tag for tag in Tag}


@quick_init
@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: what it is, and its content."""

    tag: Tag
    content: bytes = b""


class BadFrame(ValueError):
    """Bytes that are no frame of this stream. The stream cannot be read any further."""


class FrameWriter:
    """Makes the frames of one direction of a stream."""

    def __init__(self, key: bytes = b"") -> None:
        self._keyed = blake2s(key=key, digest_size=SEAL_BYTES)
        self._number = 0

    def rekey(self, key: bytes) -> None:
        """Seal with this key from the next frame on."""
        self._keyed = blake2s(key=key, digest_size=SEAL_BYTES)

    def write(self, frame: Frame) -> bytes:
        """Return the bytes of the next frame."""
        size = 1 + len(frame.content) + SEAL_BYTES
        assert size <= FRAME_BYTES_MAX, f"a frame of {size} bytes"
        seal = _seal(self._keyed, self._number, frame.tag, frame.content)
        self._number += 1
        return b"".join((_HEAD.pack(size, frame.tag), frame.content, seal))


class FrameReader:
    """Cuts one direction of a stream into frames, however its bytes arrive."""

    def __init__(self, key: bytes = b"", *, bytes_max: int = FRAME_BYTES_MAX) -> None:
        self.bytes_max = bytes_max
        self._keyed = blake2s(key=key, digest_size=SEAL_BYTES)
        self._number = 0
        self._buffer = bytearray()

    def rekey(self, key: bytes) -> None:
        """Expect the seal of this key from the next frame on."""
        self._keyed = blake2s(key=key, digest_size=SEAL_BYTES)

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes as they come."""
        self._buffer += data

    def next(self) -> Frame | None:
        """Return the next frame, None if it has not arrived whole.

        Raises:
            BadFrame: what arrived is too long, of an unknown kind, or not sealed as it should be.
        """
        buffer = self._buffer
        if len(buffer) < _HEAD.size:
            return None
        size, tag = _HEAD.unpack_from(buffer)
        if not 1 + SEAL_BYTES <= size <= self.bytes_max:
            raise BadFrame(
                f"a frame of {size} bytes; it must be {1 + SEAL_BYTES} to {self.bytes_max}"
            )
        if len(buffer) < 4 + size:
            return None
        content = bytes(buffer[_HEAD.size : 4 + size - SEAL_BYTES])
        seal = bytes(buffer[4 + size - SEAL_BYTES : 4 + size])
        if not compare_digest(seal, _seal(self._keyed, self._number, tag, content)):
            raise BadFrame(f"the seal of frame {self._number} does not fit")
        del buffer[: 4 + size]
        self._number += 1
        if tag not in _TAGS:
            raise BadFrame(f"a frame of kind {tag}, which is not known")
        return Frame(_TAGS[tag], content)


def _seal(keyed: blake2s, number: int, tag: int, content: bytes) -> bytes:
    digest = keyed.copy()  # which has taken in the key already
    digest.update(_PLACE.pack(number, tag))
    digest.update(content)
    return digest.digest()
