"""What takes long: a hundred thousand altered frames, a hundred kills under load."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from counterpoint.harness.live.fresh import fresh_cluster
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.verification import LivePlan, LiveVerification
from counterpoint.impl.host.frames import Frame, FrameReader, FrameWriter, Tag
from counterpoint.impl.host.handshake import Hello, Meeting, PeerIdentity, hello, read_challenge
from counterpoint.impl.host.link import LinkView
from counterpoint.impl.register.messages import Ask, Read, Request, Write
from counterpoint.impl.register.values import Record, written
from counterpoint.impl.transport.running_node import Endpoint
from tests.real.conftest import World, gone
from tests.real.test_transport import access_of, register, run, running, write_and_read

pytestmark = pytest.mark.live

FRAMES_A_CONNECTION = 8


async def frames_to(
    place: Endpoint,
    identity: PeerIdentity,
    to: str,
    lots: random.Random,
    content: bytes,
    count: int,
) -> int:
    """Greet as a node does, then send altered frames; return how many were sent, 0 if not welcome.

    What is altered before it is sealed is what a peer of another mind would send: its seal fits.
    """
    sent = 0
    reader, writer = await asyncio.open_connection(*place)
    out, back = FrameWriter(), FrameReader()
    nonce = lots.randbytes(16)
    try:
        writer.write(out.write(hello(identity, to, nonce)))
        back.feed(await reader.read(1000))
        answer = back.next()
        assert answer is not None
        meeting = Meeting(identity, Hello(identity.node, to, nonce), read_challenge(answer))
        out.rekey(meeting.key)
        writer.write(out.write(meeting.proof(LinkView(lots.getrandbits(60)))))
        for _ in range(count):
            writer.write(altered(lots, out, content))
            sent += 1
        await writer.drain()
    except (ConnectionError, AssertionError):
        pass
    finally:
        writer.close()
    return sent


def altered(lots: random.Random, out: FrameWriter, content: bytes) -> bytes:
    """Return the bytes of a frame of messages with some of them changed."""
    inside = lots.random() < 0.8
    data = bytearray(content)
    if inside:
        for _ in range(lots.randint(1, 3)):
            data[lots.randrange(len(data))] = lots.getrandbits(8)
        tag = lots.choice([Tag.MESSAGES] * 5 + [*Tag])
        end = lots.randint(0, len(data)) if lots.random() < 0.2 else len(data)
        return out.write(Frame(tag, bytes(data[:end])))
    frame = bytearray(out.write(Frame(Tag.MESSAGES, bytes(data))))
    frame[lots.randrange(len(frame))] ^= 1 + lots.getrandbits(7)
    return bytes(frame)


def attacked(folder: Path, count: int) -> None:
    """Send so many altered frames to a server of the register, which must live and stay right.

    They come from a client that does nothing else: what its messages say when they can be read is
    what that client says, and may answer it wrongly, but no one else.
    """
    cluster = register(folder)
    members = Members(cluster)
    token = access_of(members).tokens[0]
    stranger = members.identity("c16")
    ask = members.codec.encode(Ask(Request("c16", 7), Read(1, token.readers[0])))
    content = b"\0" * 15 + b"\1" + len(ask).to_bytes(4, "big") + ask
    lots = random.Random(1)

    async def main() -> None:
        async with running(cluster) as nodes:
            assert await write_and_read(cluster, 1) == written("v1", 0, 2, 4)
            target = token.readers[0]
            place = cluster.places[target]
            sent = [
                await frames_to(place, stranger, target, lots, content, FRAMES_A_CONNECTION)
                for _ in range(count // FRAMES_A_CONNECTION)
            ]
            assert sum(sent) > 0.9 * count, "nearly all connections get past the greeting"
            assert await write_and_read(cluster, 2) == written("v2", 0, 2, 4)
            state: Any = nodes[target].host.node_state.state
            assert state.shelf.record(1) == Record(1, 2, written("v2", 0, 2, 4))

    run(main, 1800)


@pytest.mark.slow
def test_a_node_outlives_two_thousand_altered_frames(tmp_path: Path) -> None:
    attacked(tmp_path, 2_000)


@pytest.mark.nightly
def test_a_node_outlives_a_hundred_thousand_altered_frames(tmp_path: Path) -> None:
    attacked(tmp_path, 100_000)


def killed(folder: Path, kills: int) -> None:
    """Kill nodes of a register under load, so many times, and read everything at the end."""
    cluster = fresh_cluster("register", folder, settings={})
    seconds = 4 + kills * 1.6
    plan = LivePlan(cluster, folder, seconds, nemesis=("kill",), pace=0.02, is_synced=False)
    verification = LiveVerification(plan, report=lambda line: None)  # noqa: ARG005 - nobody reads along
    found = verification.run()
    kinds = [mark.kind for mark in found.marks]
    assert len(kinds) >= kills
    assert found.outcome == "holds", found.verdicts
    restarted = found.marks[-1].ended
    done = [(span.operation, span.called, span.returned or 0) for span in found.history.completed]
    assert any(isinstance(call, Write) and returned < restarted for call, _, returned in done)
    assert any(isinstance(call, Read) and called > restarted for call, called, _ in done)


@pytest.mark.nightly
def test_a_hundred_kills_lose_no_write_that_was_acknowledged(world: World) -> None:
    killed(world.folder / "cluster", 100)
    assert gone()
