"""Streams cut into frames: however the bytes arrive, and with nothing altered, left out or repeated."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.impl.host.frames import (
    FRAME_BYTES_MAX,
    BadFrame,
    Frame,
    FrameReader,
    FrameWriter,
    Tag,
)

FRAMES = [Frame(Tag.HELLO, b"abc"), Frame(Tag.MESSAGES, b""), Frame(Tag.ANSWER, b"x" * 5_000)]
KEY = b"k" * 32


def read_all(data: bytes, *, key: bytes = KEY, cut: int = 10**9) -> list[Frame]:
    """Feed bytes in pieces, and return the frames."""
    reader, frames = FrameReader(key), []
    for start in range(0, len(data), cut):
        reader.feed(data[start : start + cut])
        while (frame := reader.next()) is not None:
            frames.append(frame)
    return frames


def stream() -> bytes:
    writer = FrameWriter(KEY)
    return b"".join(map(writer.write, FRAMES))


@pytest.mark.parametrize("cut", [1, 2, 7, 1000, 10**9])
def test_frames_come_out_however_the_bytes_arrive(cut: int) -> None:
    assert read_all(stream(), cut=cut) == FRAMES


def test_an_incomplete_frame_is_waited_for() -> None:
    assert read_all(stream()[:-1]) == FRAMES[:-1]


@given(st.integers(0, len(stream()) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed_at_its_frame(at: int, change: int) -> None:
    """For every byte of a stream: once it is changed, its frame and those after it never come out."""
    data = bytearray(stream())
    data[at] ^= change
    reader = FrameReader(KEY)
    reader.feed(bytes(data))
    frames = []
    try:
        while (frame := reader.next()) is not None:
            frames.append(frame)
    except BadFrame:
        pass
    assert frames == FRAMES[: len(frames)]
    assert len(frames) < len(FRAMES)


def test_a_frame_left_out_repeated_or_under_another_key_is_noticed() -> None:
    writer = FrameWriter(KEY)
    one, two = writer.write(FRAMES[0]), writer.write(FRAMES[0])
    for wrong in (two, one + one):
        with pytest.raises(BadFrame, match="the seal of frame"):
            read_all(wrong)
    with pytest.raises(BadFrame, match="the seal of frame 0"):
        read_all(one, key=b"another")


@pytest.mark.parametrize("size", [0, 8, FRAME_BYTES_MAX + 1, 2**32 - 1])
def test_a_frame_of_an_impossible_length_is_refused_before_it_arrives(size: int) -> None:
    with pytest.raises(BadFrame, match=f"a frame of {size} bytes"):
        read_all(struct.pack(">IB", size, 1))


def test_a_key_can_change_between_frames() -> None:
    writer, reader = FrameWriter(), FrameReader()
    reader.feed(writer.write(FRAMES[0]))
    writer.rekey(KEY)
    reader.feed(writer.write(FRAMES[1]))
    assert reader.next() == FRAMES[0]
    reader.rekey(KEY)
    assert reader.next() == FRAMES[1]
