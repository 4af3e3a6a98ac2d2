"""Two ends show each other that they belong together; nobody else gets in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterpoint.impl.host.frames import Frame, Tag
from counterpoint.impl.host.handshake import (
    HandshakeRefused,
    Hello,
    Meeting,
    PeerIdentity,
    challenge,
    hello,
    read_challenge,
    read_hello,
    refusal,
)
from counterpoint.impl.host.link import LinkView
from counterpoint.impl.host.msgpack import pack

DIALLER = PeerIdentity("c1", "register", "abcd", b"a secret of sixteen bytes")
LISTENER = replace(DIALLER, node="s1")
NONCE, OTHER = b"n" * 16, b"o" * 16
VIEW = LinkView(7, 8, 9)


def meet(dialler: PeerIdentity, listener: PeerIdentity) -> tuple[Meeting, Meeting]:
    """Greet, and return what either end then knows."""
    heard = read_hello(hello(dialler, listener.node, NONCE), listener)
    answer = read_challenge(challenge(OTHER))
    said = Hello(dialler.node, listener.node, NONCE)
    return Meeting(dialler, said, answer), Meeting(listener, heard, OTHER)


def test_two_nodes_of_a_cluster_let_each_other_in_and_agree_on_a_key() -> None:
    dialling, listening = meet(DIALLER, LISTENER)
    assert listening.read_proof(dialling.proof(VIEW)) == VIEW
    assert dialling.read_welcome(listening.welcome(VIEW)) == VIEW
    assert dialling.key == listening.key


def test_who_does_not_know_the_secret_is_not_let_in_and_lets_nobody_in() -> None:
    dialling, listening = meet(replace(DIALLER, secret=b"another"), LISTENER)
    with pytest.raises(HandshakeRefused, match="does not know the secret"):
        listening.read_proof(dialling.proof(VIEW))
    with pytest.raises(HandshakeRefused, match="does not know the secret"):
        dialling.read_welcome(listening.welcome(VIEW))
    assert dialling.key != listening.key


def test_a_proof_cannot_be_used_again_nor_sent_back() -> None:
    dialling, listening = meet(DIALLER, LISTENER)
    old = dialling.proof(VIEW)
    with pytest.raises(HandshakeRefused):
        replace(listening, answer=b"p" * 16).read_proof(old)
    with pytest.raises(HandshakeRefused):
        dialling.read_welcome(Frame(Tag.WELCOME, old.content))


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (hello(DIALLER, "s2", NONCE), "asks for 's2'; this is 's1'"),
        (hello(replace(DIALLER, system="other"), "s1", NONCE), "is a node of 'other'"),
        (hello(replace(DIALLER, fingerprint="x"), "s1", NONCE), "another version of the protocol"),
        (Frame(Tag.HELLO, pack(["counterpoint", 2, "new things"])), "version 2, not counterpoint"),
        (Frame(Tag.HELLO, pack(["HTTP", 1])), "speaks 'HTTP' version 1"),
        (Frame(Tag.HELLO, b"\xc1"), "cannot be read"),
        (Frame(Tag.HELLO, pack(["counterpoint", 1, "register"])), "does not say who it is"),
        (Frame(Tag.ASK), "begins with ASK, not with HELLO"),
    ],
)  # fmt: skip
def test_who_greets_otherwise_is_told_why_not(frame: Frame, why: str) -> None:
    with pytest.raises(HandshakeRefused, match=why):
        read_hello(frame, LISTENER)


def test_a_refusal_says_its_reason_at_the_other_end() -> None:
    with pytest.raises(HandshakeRefused, match="refused: not today"):
        read_challenge(refusal("not today"))
    dialling, _ = meet(DIALLER, LISTENER)
    with pytest.raises(HandshakeRefused, match="refused: not today"):
        dialling.read_welcome(refusal("not today"))
    with pytest.raises(HandshakeRefused, match="does not answer as a node does"):
        read_challenge(Frame(Tag.CHALLENGE, b"short"))
