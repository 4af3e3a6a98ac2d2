"""The register as real processes: what the sources show, from the command line."""

from __future__ import annotations

import os
import signal

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.impl.register.access import load_access
from tests.real.conftest import World, gone, processes

pytestmark = [pytest.mark.live, pytest.mark.slow]

WRITE = ("write", "--id", "1", "--name", "abc", "--low", "5", "--mid", "25", "--high", "100")
ORACLE = "902613196918738813"
ALL = f"abc(5, 25, 100) partial {ORACLE} final 60570345165277511"


def call(world: World, *words: str) -> tuple[int, str]:
    return world.run("call", "--config", "register.yaml", "--timeout", "40", *words)


def readers(world: World) -> list[str]:
    """The places of the readers of token 1."""
    access = load_access(world.folder / "register.yaml")
    token = access.token(1)
    assert token is not None
    return [str(dict(access.addresses)[reader]) for reader in token.readers]


def test_a_write_gives_the_partial_value_of_the_oracle_and_others_are_refused(world: World) -> None:
    child = world.up("register", "--config", "register.yaml")
    assert call(world, *WRITE) == (0, ORACLE)
    one, two, _ = readers(world)
    assert call(world, "--via", two, "read", "--id", "1") == (0, ALL)
    assert call(world, "--via", two, *WRITE) == (1, "Unauthorized to do write request")
    assert call(world, "--via", one, "read", "--id", "2") == (1, "Unauthorized to do read request")
    assert call(world, "--via", one, "read", "--id", "99") == (1, "Unauthorized to do read request")
    code, text = call(world, "status")
    assert code == 0
    assert text.count("1: abc(5, 25, 100) @1") >= 2
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=30) == 130  # its input stays open: nothing but the signal ends it
    assert child.stdout is not None
    assert child.stdout.read() == "stopping\n"
    assert gone()


def test_a_server_that_is_down_during_a_write_has_the_value_once_it_was_read_there(
    world: World,
) -> None:
    _, two, _ = readers(world)
    name = f"s{two.partition(':')[2]}"
    for place in readers(world):
        if place != two:
            node = f"s{place.partition(':')[2]}"
            world.start("serve", "register", "--config", "register.yaml", "--node", node)
    assert call(world, *WRITE) == (0, ORACLE), "two of three readers are enough"
    world.start("serve", "register", "--config", "register.yaml", "--node", name)
    assert call(world, "--via", two, "read", "--id", "1") == (0, ALL)


def test_a_server_that_is_slow_during_a_write_has_the_value_once_it_was_read_there(
    world: World,
) -> None:
    child = world.up("register", "--config", "register.yaml")
    _, two, _ = readers(world)
    [slow] = [pid for pid, line in processes() if f"--node s{two.partition(':')[2]} " in line]
    os.kill(slow, signal.SIGSTOP)
    try:
        assert call(world, *WRITE) == (0, ORACLE)
        stopped = call(world, "--timeout", "0.5", "--via", two, "read", "--id", "1")
        assert stopped[0] == 3
        assert "no answer within 0.5 s; the call may take effect yet, or never" in stopped[1]
    finally:
        os.kill(slow, signal.SIGCONT)
    assert call(world, "--via", two, "read", "--id", "1") == (0, ALL)
    assert child.poll() is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_however_a_cluster_ends_no_process_is_left_over(world: World, how: signal.Signals) -> None:
    child = world.up("register", "--config", "register.yaml")
    assert len(processes()) == 5
    child.send_signal(how)
    child.wait(timeout=30)
    assert gone()


def test_a_conversation_is_a_line_a_call(world: World) -> None:
    world.up("register", "--config", "register.yaml")
    text = f"# a script\n{' '.join(WRITE)}\nnonsense\nread --id 1\nquit\n"
    code, said = world.run("call", "--config", "register.yaml", text=text)
    assert code == 0
    assert said.splitlines()[:2] == [ORACLE, ALL]
    assert "No such command 'nonsense'" in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("serve", "register", "--config", "none.yaml", "--node", "s1"), "none.yaml"),
        (("serve", "register", "--config", "register.yaml", "--node", "s1"), "'s1' is no node"),
        (("serve", "causal_deps", "--config", "register.yaml", "--node", "s1"), "a cluster of register"),
        (("up", "nothing"), "'nothing' cannot be run; there are: register"),
        (("call", "--config", "register.yaml", "read"), "Missing option '--id'"),
        (("call", "--config", "register.yaml", "--as", "s9", "read", "--id", "1"), "'s9' is no node"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_with_what_would_be_right(
    world: World, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(world.folder)
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert why in done.output
