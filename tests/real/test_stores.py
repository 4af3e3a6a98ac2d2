"""The stores as real processes: Alice writes lost, then found; Bob answers glad; something is slow."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from counterpoint.harness.live.by_hand import HarmByHand
from counterpoint.harness.live.cluster import Cluster, ClusterError
from counterpoint.harness.live.network import ClusterNetwork
from tests.real.conftest import World, gone

pytestmark = [pytest.mark.live, pytest.mark.slow]


def store(world: World, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a store with a network that can be harmed; return the process and its file."""
    child = world.up("causal_deps", "--network", *arguments)
    [file] = world.folder.glob(".counterpoint/causal_deps-*/cluster.toml")
    return child, str(file)


def say(child: subprocess.Popen[str], line: str) -> str:
    """Say something to a cluster, and return what it answers."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{line}\n")
    child.stdin.flush()
    return child.stdout.readline().strip()


def test_glad_stalls_where_found_has_not_arrived_and_is_told_after_it(
    world: World, until: Callable[[Callable[[], object]], None]
) -> None:
    cluster, file = store(world)

    def call(name: str, text: str) -> list[str]:
        code, said = world.run("call", "--config", file, "--as", name, text=text)
        assert code == 0, said
        return [line for line in said.splitlines() if not line.startswith("news: ")]

    def at_server_3() -> str:
        return next(line for line in call("bob", "status\n") if line.startswith("s3: "))

    # Carol, whose home is server 3, sees what is pushed to her as it becomes visible there.
    carol = world.start("call", "--config", file, "--as", "carol", "watch", "3600")
    assert carol.stdout is not None
    assert call("alice", "write lost ring\n") == ["lost@1.1"]
    assert carol.stdout.readline() == "news: lost@1.1=ring\n"
    assert say(cluster, "cut s1>s3") == "cut s1>s3"
    [found] = call("alice", "write found ring\n")
    read, glad = call("bob", "await found\nwait 0.1\nwrite glad yes\n")
    assert read.startswith(f"{found}=ring")
    until(lambda: "stalled" in at_server_3())
    assert f"{glad} stalled: waits for {found}" in at_server_3()
    assert say(cluster, "heal") == "heal all links"
    told = [carol.stdout.readline().strip() for _ in range(2)]
    assert told == [f"news: {found}=ring", f"news: {glad}=yes"]
    until(lambda: "stalled" not in at_server_3())


def test_a_cluster_can_be_harmed_by_hand_and_says_what_it_cannot_do(world: World) -> None:
    cluster, file = store(world)
    assert say(cluster, "slow s2>s1 0.01") == "slow s1>s2 0.01 s"
    assert say(cluster, "kill s2") == "kill s2"
    assert "s2 does not run; start it first" in say(cluster, "pause s2")
    code, said = world.run("call", "--config", file, "status")
    assert code == 0
    assert re.search(r"^s2: faulty", said, re.MULTILINE)
    assert say(cluster, "start s2") == "start s2"
    assert "s2 runs already" in say(cluster, "start s2")
    assert say(cluster, "pause s1") == "pause s1"
    assert say(cluster, "resume s1") == "resume s1"
    assert world.run("call", "--config", file, "--as", "bob", "write", "x", "1") == (0, "x@1.2")
    assert cluster.stdin is not None
    cluster.stdin.close()
    cluster.stdin = None  # so that the end of the test does not try to close it again
    assert cluster.wait(timeout=30) == 143
    assert gone()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("slow s1>s2", "nothing that can be done; there are: slow s1>s2 0.5"),
        ("slow s1>s2 soon", "'soon' is no time; right would be seconds, from 0 to 60"),
        ("cut s1>s9", "'s1>s9' is no link of cluster.toml; links: s1>s2"),
        ("kill alice", "'alice' is no node here: s1 s2"),
    ],
)
def test_what_cannot_be_done_by_hand_is_refused(line: str, why: str) -> None:
    places = {"s1": ("127.0.0.1", 7), "s2": ("127.0.0.1", 8)}
    network = ClusterNetwork(
        Cluster("causal_deps", places, Path()), ("s1", "s2", "alice"), ("s1", "s2")
    )
    by_hand = HarmByHand(None, network, lambda node: None)  # type: ignore[arg-type]  # noqa: ARG005
    with pytest.raises(ClusterError, match=re.escape(why)):
        by_hand.obey(line)
