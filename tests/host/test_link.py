"""Links: each message once and in order, over any number of connections; the twin is a plain list."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.impl.host.frames import BadFrame
from counterpoint.impl.host.link import Link, LinkView, messages_in, taken_content, taken_in

ACTIONS = st.lists(st.sampled_from(["put", "carry", "tell", "cut", "restart"]), max_size=60)


class Line:
    """Two ends and the bytes between them, which a cut loses."""

    def __init__(self) -> None:
        self.sender, self.receiver = Link(1), Link(1)
        self.under_way: deque[bytes] = deque()
        self.taken: list[bytes] = []
        self.connect()

    def connect(self) -> None:
        sender, receiver = self.sender.view, self.receiver.view
        self.under_way.clear()
        self.sender.connect(receiver)
        self.receiver.connect(sender)

    def carry(self) -> None:
        if self.sender.has_unwritten:
            self.under_way.append(self.sender.unwritten())
        if self.under_way:
            for number, body in messages_in(self.under_way.popleft()):
                if self.receiver.is_news(number):
                    self.taken.append(body)


@given(ACTIONS)
def test_every_message_is_taken_once_and_in_order_whatever_happens_to_connections(
    actions: list[str],
) -> None:
    """Whatever is cut: what was taken is what was put, and after one more connection all of it is."""
    line, put = Line(), []
    for number, action in enumerate(actions):
        match action:
            case "put":
                put.append(b"%d" % number)
                line.sender.put(put[-1])
            case "carry":
                line.carry()
            case "tell":
                line.sender.trim(taken_in(taken_content(line.receiver.taken)))
            case _:
                line.connect()
        assert line.taken == put[: len(line.taken)]
    line.connect()
    while line.sender.has_unwritten or line.under_way:
        line.carry()
    assert line.taken == put


def test_a_receiver_that_has_forgotten_gets_again_what_it_had_not_confirmed() -> None:
    line = Line()
    for body in (b"a", b"b"):
        line.sender.put(body)
    line.carry()
    line.sender.trim(1)
    line.receiver = Link(2)
    line.connect()
    line.carry()
    assert line.taken == [b"a", b"b", b"b"]


def test_a_sender_that_has_forgotten_begins_to_count_anew() -> None:
    line = Line()
    line.sender.put(b"a")
    line.carry()
    line.sender = Link(9)
    line.connect()
    line.sender.put(b"b")
    line.carry()
    assert line.taken == [b"a", b"b"]


def test_a_full_queue_loses_its_oldest_message_and_counts_it() -> None:
    link = Link(1, messages_max=2)
    for body in (b"a", b"b", b"c"):
        link.put(body)
    link.connect(LinkView(5))
    assert [*messages_in(link.unwritten())] == [(2, b"b"), (3, b"c")]
    assert link.dropped == 1


def test_many_messages_are_cut_into_frames() -> None:
    link = Link(1)
    link.connect(LinkView(5))
    for _ in range(30):
        link.put(b"x" * 50_000)
    numbers = []
    while link.has_unwritten:
        content = link.unwritten()
        assert len(content) < 400_000
        numbers += [number for number, _ in messages_in(content)]
    assert numbers == [*range(1, 31)]


@pytest.mark.parametrize("content", [b"", b"1234567", b"\0" * 16 + b"\0\0\0\5abcd", b"\0" * 17])
def test_a_frame_that_does_not_hold_what_it_says_is_refused(content: bytes) -> None:
    with pytest.raises(BadFrame):
        [*messages_in(content)]


def test_views_and_numbers_of_another_size_are_refused() -> None:
    assert LinkView.unpacked(LinkView(1, 2, 3).packed()) == LinkView(1, 2, 3)
    for read in (LinkView.unpacked, taken_in):
        with pytest.raises(BadFrame):
            read(b"123")
