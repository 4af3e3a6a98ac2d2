"""Nodes on real sockets, in this process: who gets in, what they survive, what they keep."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import re
import socket
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from counterpoint.harness.live.cluster import Cluster, ClusterError, load_cluster
from counterpoint.harness.live.fresh import fresh_cluster
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.talk import conversation
from counterpoint.harness.live.wishes import UserWish
from counterpoint.impl.host.durable import DamagedFile
from counterpoint.impl.host.frames import GREETING_BYTES_MAX, Frame, FrameWriter, Tag
from counterpoint.impl.host.handshake import hello
from counterpoint.impl.host.node import InputRejected
from counterpoint.impl.register.access import AccessControl
from counterpoint.impl.register.messages import Read, Write
from counterpoint.impl.register.protocol import ReplicatedRegister
from counterpoint.impl.register.values import written
from counterpoint.impl.transport.connection import Connection, ConnectionOwner
from counterpoint.impl.transport.event_log import EventLogWriter, NoLog
from counterpoint.impl.transport.folder import Folder, NodeRuns
from counterpoint.impl.transport.running_node import RunningNode
from counterpoint.impl.transport.user import Unreachable
from counterpoint.model.values import NodeId
from tests.support.certificates import self_signed

pytestmark = pytest.mark.live

SECRET = b"a secret of this cluster"


def register(folder: Path, **changes: object) -> Cluster:
    cluster = fresh_cluster("register", folder, settings={"servers": "3"})
    return replace(cluster, **changes)  # type: ignore[arg-type]


def access_of(members: Members) -> AccessControl:
    """Return who may write and read what, in a cluster of the register."""
    assert isinstance(members.system, ReplicatedRegister)
    return members.system.access


@asynccontextmanager
async def running(
    cluster: Cluster, *nodes: NodeId, is_synced: bool = False
) -> AsyncIterator[dict[NodeId, RunningNode]]:
    """Run nodes of a cluster, all servers if none are named, in this loop."""
    members = Members(cluster)
    found: dict[NodeId, RunningNode] = {}
    try:
        for node in nodes or members.served:
            found[node] = RunningNode(members.settings(node, is_synced=is_synced))
            await found[node].start()
        yield found
    finally:
        for running_node in found.values():
            await running_node.stop()


async def write_and_read(cluster: Cluster, number: int = 1) -> object:
    """Write a value, and return what is read of it at another server."""
    members = Members(cluster)
    client = members.client(None, is_synced=False)
    await client.start()
    token = access_of(members).tokens[0]
    try:
        write = Write(1, f"v{number}", 0, 2, 4, token.writer)
        await asyncio.wait_for(client.call(write), 20)
        return await asyncio.wait_for(client.call(Read(1, token.readers[-1])), 20)
    finally:
        await client.stop()


async def bytes_to(cluster: Cluster, node: NodeId, data: bytes) -> bytes:
    """Send bytes to a node, and return what it answers until it hangs up."""
    reader, writer = await asyncio.open_connection(*cluster.places[node])
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def run(main: Callable[[], Awaitable[None]], seconds: float = 60) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(), seconds)

    asyncio.run(bounded())


def test_whoever_sends_garbage_is_hung_up_on_and_others_notice_nothing(tmp_path: Path) -> None:
    cluster = register(tmp_path)
    members = Members(cluster)
    server = members.served[0]
    other = replace(members.identity("c1"), fingerprint="of another version")
    wrong = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 100,
        b"\x00\x00\x00\x09\x01" + b"x" * 8,
        FrameWriter().write(Frame(Tag.ASK, b"at once")),
        FrameWriter().write(hello(other, server, b"n" * 16)),
        FrameWriter().write(hello(members.identity("nobody"), server, b"n" * 16)),
    ]

    async def main() -> None:
        async with running(cluster) as nodes:
            answers = [await bytes_to(cluster, server, data) for data in wrong]
            assert b"another version of the protocol" in answers[4]
            assert b"no node that calls here" in answers[5]
            assert nodes[server].refused_count == len(wrong)
            assert await write_and_read(cluster) == written("v1", 0, 2, 4)

    run(main)


def test_a_stranger_cannot_make_a_node_keep_much(tmp_path: Path) -> None:
    """Before it has shown who it is, a frame that says that it is long is not waited for."""
    cluster = register(tmp_path)
    server = Members(cluster).served[0]
    long = (GREETING_BYTES_MAX + 1).to_bytes(4, "big") + b"\1"

    async def main() -> None:
        async with running(cluster, server) as nodes:
            assert await bytes_to(cluster, server, long) == b""
            assert nodes[server].refused_count == 1

    run(main)


def test_who_asks_for_too_much_at_once_is_told_so(tmp_path: Path) -> None:
    cluster = register(tmp_path)
    members = Members(cluster)
    token = access_of(members).tokens[0]

    async def main() -> None:
        async with running(cluster, token.writer):
            user = await members.user_of(token.writer)
            with pytest.raises(
                InputRejected, match=r"an operation of .* bytes; 65,536 is the most"
            ):
                await user.ask(Write(1, "x" * 70_000, 0, 2, 4, token.writer))
            assert "connected to nobody" in await user.status()
            await user.close()

    run(main)


def buffers_of(reader: Connection, writer: Connection, size: int) -> None:
    """Set how much the operating system keeps between two ends."""
    for end, option in ((reader, socket.SO_RCVBUF), (writer, socket.SO_SNDBUF)):
        assert end._transport is not None
        end._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, size)


@pytest.mark.slow
def test_a_user_who_does_not_read_is_not_listened_to_until_he_does(tmp_path: Path) -> None:
    """Else whoever asks many thousand times how a node is would fill its memory with answers."""
    cluster = register(tmp_path)
    members = Members(cluster)
    server = members.served[0]
    count = 20_000

    async def main() -> None:
        async with running(cluster, server) as nodes:
            user = await members.user_of(server)
            link = user._connection
            assert link is not None
            assert link._transport is not None
            link._transport.pause_reading()
            [there] = nodes[server]._accepted
            assert there._transport is not None
            buffers_of(link, there, 2**16)
            for _ in range(count):
                link.send(Frame(Tag.STATUS))
            while not there.is_paused:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            assert there._transport.get_write_buffer_size() < 2**19
            heard: list[Frame] = []
            user.heard = lambda connection, frame: heard.append(frame)  # type: ignore[method-assign]  # noqa: ARG005
            link._transport.resume_reading()
            while len(heard) < count:
                await asyncio.sleep(0)
            await user.close()

    run(main)


def test_a_node_whose_disk_fails_stops_before_anything_rests_on_what_is_lost(
    tmp_path: Path,
) -> None:
    cluster = register(tmp_path)
    members = Members(cluster)
    token = access_of(members).tokens[0]
    defects: list[OSError] = []

    def full(content: bytes) -> None:
        raise OSError(errno.ENOSPC, f"no space for {len(content)} bytes")

    async def main() -> None:
        async with running(cluster) as nodes:
            client = members.client(None, is_synced=False)
            await client.start()
            for node in nodes.values():
                node._folder.save = full  # type: ignore[method-assign]
                node.on_defect = defects.append
            write = asyncio.create_task(
                client.call(Write(1, "v1", 0, 2, 4, token.writer)), name="write"
            )
            while not defects:
                await asyncio.sleep(0)
            broken = nodes[token.writer]
            assert broken._is_stopped
            assert not any(link.is_open for link in broken._connections.values())
            assert not write.done(), "nobody may be told of a write that is nowhere"
            write.cancel()
            await client.stop()

    run(main)
    assert defects[0].errno == errno.ENOSPC


def test_who_calls_within_a_node_whose_disk_fails_is_told_that_nobody_knows(tmp_path: Path) -> None:
    cluster = register(tmp_path)
    members = Members(cluster)

    def full(content: bytes) -> None:
        raise OSError(errno.EIO, f"{len(content)} bytes are gone")

    async def main() -> None:
        client = members.client(None, is_synced=False)
        await client.start()
        client._folder.save = full  # type: ignore[method-assign]
        with pytest.raises(Unreachable, match=r"has stopped, for its disk has failed: .* are gone"):
            await client.call(Write(1, "v1", 0, 2, 4, access_of(members).tokens[0].writer))
        await client.stop()

    run(main)


def test_who_does_not_have_the_secret_is_not_let_in(tmp_path: Path) -> None:
    cluster = register(tmp_path, secret=SECRET)

    async def main() -> None:
        async with running(cluster):
            assert await write_and_read(cluster) == written("v1", 0, 2, 4)
            stranger = Members(replace(cluster, secret=b"another secret, 16+"))
            with pytest.raises(
                Unreachable, match=r"does not know the secret|closed by the other end"
            ):
                await stranger.user_of(stranger.served[0])

    run(main)


def test_a_client_without_the_secret_is_told_why_nobody_answers(tmp_path: Path) -> None:
    cluster = register(tmp_path, secret=SECRET)

    async def main() -> None:
        async with running(cluster):
            stranger = Members(replace(cluster, secret=b"another secret, 16+"))
            operation = Read(1, stranger.served[0])
            async with conversation(stranger, None, seconds=1.0, tell=print) as talk:
                reply = await talk.fulfil(UserWish("call", operation=operation))
        assert reply.outcome == "undecided"
        assert re.search(r"closed: .*(know the secret|by the other end)", reply.text), reply.text

    run(main)


def test_a_node_that_was_away_is_found_again(tmp_path: Path) -> None:
    cluster = register(tmp_path)
    one, two, three, four = Members(cluster).served

    async def main() -> None:
        async with running(cluster, one, two, three):
            async with running(cluster, four):
                assert await write_and_read(cluster, 1) == written("v1", 0, 2, 4)
            async with running(cluster, four):
                assert await write_and_read(cluster, 2) == written("v2", 0, 2, 4)

    run(main)


def test_what_was_acknowledged_is_there_after_all_nodes_were_stopped(tmp_path: Path) -> None:
    cluster = register(tmp_path)

    async def main() -> None:
        async with running(cluster):
            await write_and_read(cluster)
        async with running(cluster) as nodes:
            states = [str(node.host.node_state.state) for node in nodes.values()]
            assert sum("v1(0, 2, 4) @1" in state for state in states) >= 2

    run(main)


@pytest.mark.parametrize("is_early", [True, False])
def test_a_connection_accepted_while_a_node_stops_is_closed(tmp_path: Path, is_early: bool) -> None:
    """The operating system accepts it; the node hears of it when it has let go of all it knew."""
    members = Members(register(tmp_path))

    async def main() -> None:
        node = RunningNode(members.settings(members.served[0], is_synced=False))
        await node.start()
        early = node._accept()
        await node.stop()
        late = early if is_early else node._accept()
        here, there = socket.socketpair()
        with there:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(lambda: late, sock=here)
            assert transport.is_closing()
            assert await loop.run_in_executor(None, there.recv, 1) == b""

    run(main)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_no_socket_is_left_open_of_who_was_accepted_just_before_a_node_stops(
    tmp_path: Path, turns: int
) -> None:
    """Whichever turn of the loop it is in which the node is stopped."""
    cluster = register(tmp_path)
    server = Members(cluster).served[-1]  # which dials nobody, and so stops at once
    callers: list[socket.socket] = []

    async def main() -> None:
        async with running(cluster, server):
            callers.append(socket.create_connection(cluster.places[server], timeout=20))
            for _ in range(turns):
                await asyncio.sleep(0)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run(main)
        gc.collect()
    with callers[0], contextlib.suppress(ConnectionResetError):
        assert callers[0].recv(1) == b""
    assert [str(warning.message) for warning in told] == []


@pytest.mark.parametrize("damage", ["torn", "altered"])
def test_a_node_does_not_start_on_a_damaged_state(tmp_path: Path, damage: str) -> None:
    cluster = register(tmp_path)
    writer = access_of(Members(cluster)).tokens[0].writer

    async def main() -> None:
        async with running(cluster, is_synced=True):
            await write_and_read(cluster)
        file = cluster.data / writer / "state"
        data = file.read_bytes()
        file.write_bytes(data[:-1] if damage == "torn" else data[:-1] + b"?")
        for is_synced in (True, False):
            with pytest.raises(
                DamagedFile, match=r"state: byte .* does not start on damaged state"
            ):
                async with running(cluster, writer, is_synced=is_synced):
                    pass

    run(main)


@pytest.mark.parametrize("system", ["causal_deps", "causal_lamport"])
def test_a_store_goes_on_after_all_its_servers_were_stopped(tmp_path: Path, system: str) -> None:
    from counterpoint.impl.stores.words import Await, Copy, Found, Read, Write

    cluster = fresh_cluster(system, tmp_path, settings={})
    members = Members(cluster)

    async def main() -> None:
        alice = members.client("alice", is_synced=False)
        await alice.start()
        bob = members.client("bob", is_synced=False)
        await bob.start()
        try:
            async with running(cluster):
                await asyncio.wait_for(alice.call(Write("lost", "ring")), 20)
            async with running(cluster):
                found = await asyncio.wait_for(bob.call(Await("lost")), 20)
                assert isinstance(found, Found)
                assert isinstance(found.copy, Copy)
                assert found.copy.value == "ring"
                assert await asyncio.wait_for(alice.call(Read("lost")), 20) == found
        finally:
            await alice.stop()
            await bob.stop()

    run(main)


# ---- folders and files ---------------------------------------------------------------------------


def test_a_node_runs_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s1")
    with pytest.raises(NodeRuns, match="another process runs this node"):
        Folder(tmp_path / "s1")
    folder.close()
    Folder(tmp_path / "s1").close()


def test_a_state_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s1")
    assert folder.load() is None
    for content in (b"one", b"two"):
        folder.save(content)
        assert folder.load() == content
    (tmp_path / "s1" / "state.part").write_bytes(b"an earlier try")
    assert folder.load() == b"two"
    folder.close()


@pytest.mark.parametrize("is_synced", [True, False])
def test_wherever_a_node_is_killed_while_it_saves_it_has_what_it_saved_before_or_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_synced: bool
) -> None:
    class Killed(BaseException):
        pass

    def dies_at(number: int, first: bytes | None) -> bytes | None:
        """Save, and be killed before the system call of this number; return what is there then."""
        where = tmp_path / f"{number} {first!r}"
        if first is not None:
            folder = Folder(where, is_synced=is_synced)
            folder.save(first)
            folder.close()
        folder, left = Folder(where, is_synced=is_synced), [number]

        def counted(call: Callable[..., object]) -> Callable[..., object]:
            def counting(*given: object) -> object:
                if left[0] == 0:
                    raise Killed
                left[0] -= 1
                return call(*given)

            return counting

        with monkeypatch.context() as patched, contextlib.suppress(Killed):
            for name in ("open", "write", "fsync", "replace", "unlink", "rename"):
                patched.setattr(os, name, counted(getattr(os, name)))
            folder.save(b"now")
        folder.close()
        again = Folder(where, is_synced=is_synced)
        found = again.load()
        again.close()
        return found

    for first in (b"before", None):
        found = [dies_at(number, first) for number in range(7)]
        assert set(found) == {first, b"now"}
        assert found[0] == first
        assert found[-1] == b"now"


def test_what_was_saved_without_waiting_for_the_disk_is_there_for_whoever_waits_for_it(
    tmp_path: Path,
) -> None:
    """Without sync, what is saved is added to a log; with it, a file is replaced."""
    saved: list[bytes] = []
    for number, is_synced in enumerate((False, False, True, False, True, True, False)):
        folder = Folder(tmp_path / "s1", is_synced=is_synced)
        assert folder.load() == (saved[-1] if saved else None)
        for part in range(number):
            saved.append(f"{number}.{part}".encode())
            folder.save(saved[-1])
            assert folder.load() == saved[-1]
        folder.close()
        assert (tmp_path / "s1" / "state.log").exists() == (not is_synced and number > 0)


def test_a_log_of_states_that_is_torn_has_the_state_before_and_an_altered_one_is_refused(
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path / "s1", is_synced=False)
    for content in (b"one", b"two", b"three"):
        folder.save(content)
    folder.close()
    file = tmp_path / "s1" / "state.log"
    data = file.read_bytes()
    for missing in (1, 10, 5 + 20):
        file.write_bytes(data[:-missing])
        folder = Folder(tmp_path / "s1", is_synced=False)
        assert folder.load() == b"two"
        folder.close()
    file.write_bytes(data.replace(b"two", b"TWO"))
    with pytest.raises(DamagedFile, match=r"state\.log: byte .* does not have its digest"):
        Folder(tmp_path / "s1")
    folder = Folder(tmp_path / "s1", is_synced=False)  # for who was refused has let go of it
    with pytest.raises(DamagedFile, match=r"state\.log: byte .* does not have its digest"):
        folder.load()
    folder.close()


def test_a_long_log_of_states_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterpoint.impl.transport.folder.COMPACT_BYTES", 1_000)
    folder = Folder(tmp_path / "s1", is_synced=False)
    for number in range(200):
        folder.save(b"x" * number)
        assert folder.load() == b"x" * number
        assert (tmp_path / "s1" / "state.log").stat().st_size < 1_500
    folder.close()


def test_a_journal_goes_on_after_what_is_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s1")
    assert folder.open_journal() == []
    folder.begin_journal(b"snapshot")
    folder.append((b"one", b"two"))
    folder.close()
    file = tmp_path / "s1" / "journal"
    file.write_bytes(file.read_bytes()[:-1])
    again = Folder(tmp_path / "s1")
    assert again.open_journal() == [b"snapshot", b"one"]
    again.append((b"three",))
    again.close()
    last = Folder(tmp_path / "s1")
    assert last.open_journal() == [b"snapshot", b"one", b"three"]
    last.close()


def test_a_log_goes_on_where_it_ended_without_a_line_twice(tmp_path: Path) -> None:
    path = tmp_path / "s1.jsonl"
    log = EventLogWriter(path)
    log.write([{"n": 1}, {"n": 2}])
    log.close()
    path.write_text(path.read_text() + '{"n": 3, "torn')
    log = EventLogWriter(path)
    log.write([{"n": 2}, {"n": 3}])
    log.close()
    assert path.read_text() == '{"n":1}\n{"n":2}\n{"n":3}\n'


@pytest.mark.parametrize("text", ["my notes", "my notes\nand more", '{"n": "one"}\n', "[]\n"])
def test_a_file_that_is_no_log_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(NoLog, match=r"notes\.txt is no log of a node; name a file that is one, or"):
        EventLogWriter(path)
    assert path.read_text() == text


# ---- files of clusters ---------------------------------------------------------------------------

PLACES = '[places]\ns1 = "127.0.0.1:7"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("system = ", "is no TOML"),
        (PLACES, "the system is missing"),
        ('system = "causal_deps"', "no node has a place"),
        ('system = "causal_deps"\ntypo = 1\n' + PLACES, "'typo' is not known; there are system"),
        ('system = "causal_deps"\n[places]\ns1 = "nowhere"', "'nowhere' is no place; right would be"),
        ('system = "causal_deps"\n[places]\ns1 = "10.0.0.1:7"', "is not on this machine, so the nodes"),
        ('system = "causal_deps"\nsecret-file = "none"\n' + PLACES, "the secret cannot be read"),
        ('system = "causal_deps"\nsecret-file = "short"\n' + PLACES, "it must have 16 at least"),
        ('system = "causal_deps"\n[tls]\nkey = "k"\n' + PLACES, "must give certificate, key, authority"),
    ],
)  # fmt: skip
def test_a_file_that_says_nothing_clear_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "short").write_text("secret")
    file = tmp_path / "cluster.toml"
    file.write_text(text)
    with pytest.raises(ClusterError, match=why):
        load_cluster(file)


def test_a_cluster_off_this_machine_has_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sixteen bytes or more\n")
    file = tmp_path / "cluster.toml"
    file.write_text('system = "causal_deps"\nsecret-file = "secret"\n[places]\ns1 = "10.0.0.1:7"\n')
    assert load_cluster(file).secret == b"sixteen bytes or more"


def test_what_is_put_into_a_part_of_the_space_of_a_connection_arrives() -> None:
    """As TLS does it in Python 3.11, where two pieces arrive at once."""

    async def main() -> None:
        connection = Connection(cast("ConnectionOwner", None))
        space = connection.get_buffer(-1)
        space[4:][:1] = b"x"
        assert bytes(connection.get_buffer(-1)[4:5]) == b"x"

    run(main)


@pytest.mark.slow
def test_nodes_can_speak_tls_and_then_speak_nothing_else(tmp_path: Path) -> None:
    made = self_signed(tmp_path)
    names = {"certificate": "cert", "key": "key", "authority": "ca"}
    tls = {what: made / f"{name}.pem" for what, name in names.items()}
    cluster = register(tmp_path / "cluster", tls=tls)

    async def main() -> None:
        async with running(cluster):
            assert await write_and_read(cluster) == written("v1", 0, 2, 4)
            plain = Members(replace(cluster, tls={}))
            with pytest.raises(Unreachable):
                await plain.user_of(plain.served[0])

    run(main)
