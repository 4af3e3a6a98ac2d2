"""Who is there? Two ends of a new connection show each other that they are of the same cluster.

    dialler -HELLO (who, to whom, nonce)-> listener -CHALLENGE (nonce)-> dialler
    dialler -PROOF (code, view)-> listener -WELCOME (code, view)-> dialler

A code is an HMAC with the secret of the cluster over both nonces and all that was said, so it shows
that its maker knows the secret, here and now, and cannot be replayed. Both are compared in constant
time. The frames from PROOF and WELCOME on are sealed with a key that follows from the secret and the
nonces. Nonces come in from outside: nothing here draws lots.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest

from counterpoint.impl.host.frames import BadFrame, Frame, Tag
from counterpoint.impl.host.link import LinkView
from counterpoint.impl.host.msgpack import BadBytes, Plain, pack, unpack
from counterpoint.model.values import NodeId

MAGIC = "counterpoint"
VERSION = 1
NONCE_BYTES = 16
CODE_BYTES = 32
KEY_BYTES = 32
NAME_MAX = 200
USER = "user"
"""The name under which a user calls, who is no node."""


class HandshakeRefused(Exception):
    """The other end is not let in, or does not let us in. Says why."""


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """What a node must have in common with its peers: system, words, secret."""

    node: NodeId
    system: str
    fingerprint: str
    secret: bytes = b""


@dataclass(frozen=True, slots=True)
class Hello:
    """A dialler's first words, read."""

    source: NodeId
    to: NodeId
    nonce: bytes


def hello(identity: PeerIdentity, to: NodeId, nonce: bytes) -> Frame:
    """Return the first frame of a dialler."""
    assert len(nonce) == NONCE_BYTES, f"a nonce of {len(nonce)} bytes"
    words: list[Plain] = [
        MAGIC,
        VERSION,
        identity.system,
        identity.fingerprint,
        identity.node,
        to,
        nonce,
    ]
    return Frame(Tag.HELLO, pack(words))


def read_hello(frame: Frame, here: PeerIdentity) -> Hello:
    """Return who calls.

    Raises:
        HandshakeRefused: it speaks something else, or another version, or means somebody else.
    """
    match _plain(frame, Tag.HELLO):
        case [str(magic), int(version), *_] if magic != MAGIC or version != VERSION:
            raise HandshakeRefused(
                f"speaks {magic[:40]!r} version {version}, not {MAGIC} version {VERSION}"
            )
        case [_, _, str(system), str(words), str(source), str(to), bytes(nonce)] if (
            len(nonce) == NONCE_BYTES and len(source) <= NAME_MAX
        ):
            if system != here.system:
                raise HandshakeRefused(
                    f"is a node of {system[:80]!r}; this is one of {here.system!r}"
                )
            if words != here.fingerprint:
                raise HandshakeRefused(
                    "has another version of the protocol's words; install the same one"
                )
            if to != here.node:
                raise HandshakeRefused(f"asks for {to[:80]!r}; this is {here.node!r}")
            return Hello(source, to, nonce)
    raise HandshakeRefused("does not say who it is")


def challenge(nonce: bytes) -> Frame:
    """Return a listener's question."""
    return Frame(Tag.CHALLENGE, nonce)


def read_challenge(frame: Frame) -> bytes:
    """Return the nonce of a listener.

    Raises:
        HandshakeRefused: it said no, or something else.
    """
    if frame.tag is Tag.REFUSAL:
        raise HandshakeRefused(f"refused: {frame.content[:300].decode(errors='replace')}")
    if frame.tag is not Tag.CHALLENGE or len(frame.content) != NONCE_BYTES:
        raise HandshakeRefused("does not answer as a node does")
    return frame.content


@dataclass(frozen=True, slots=True)
class Meeting:
    """What both ends know once they have greeted; all codes and the key follow from it."""

    identity: PeerIdentity
    hello: Hello
    answer: bytes

    @property
    def key(self) -> bytes:
        """What the frames of this connection are sealed with."""
        return self._code("key")[:KEY_BYTES]

    def proof(self, view: LinkView) -> Frame:
        """Return the dialler's second frame."""
        return Frame(Tag.PROOF, self._code("proof") + view.packed())

    def welcome(self, view: LinkView) -> Frame:
        """Return the listener's second frame."""
        return Frame(Tag.WELCOME, self._code("welcome") + view.packed())

    def read_proof(self, frame: Frame) -> LinkView:
        """Return what the dialler says of the link; raises HandshakeRefused."""
        return self._read(frame, Tag.PROOF, "proof")

    def read_welcome(self, frame: Frame) -> LinkView:
        """Return what the listener says of the link; raises HandshakeRefused."""
        return self._read(frame, Tag.WELCOME, "welcome")

    def _read(self, frame: Frame, tag: Tag, what: str) -> LinkView:
        if frame.tag is Tag.REFUSAL:
            raise HandshakeRefused(f"refused: {frame.content[:300].decode(errors='replace')}")
        code = frame.content[:CODE_BYTES]
        if frame.tag is not tag or not compare_digest(code, self._code(what)):
            raise HandshakeRefused("does not know the secret of this cluster")
        try:
            return LinkView.unpacked(frame.content[CODE_BYTES:])
        except BadFrame as error:
            raise HandshakeRefused(str(error)) from None

    def _code(self, what: str) -> bytes:
        said = pack(
            [
                what, MAGIC, VERSION, self.identity.system, self.identity.fingerprint,
                self.hello.source, self.hello.to, self.hello.nonce, self.answer,
            ]
        )  # fmt: skip
        return hmac_digest(self.identity.secret, said, sha256)


def refusal(why: str) -> Frame:
    """Return the last frame to somebody who is not let in."""
    return Frame(Tag.REFUSAL, why.encode()[:300])


def _plain(frame: Frame, tag: Tag) -> object:
    if frame.tag is not tag:
        raise HandshakeRefused(f"begins with {frame.tag.name}, not with {tag.name}")
    try:
        return unpack(frame.content)
    except BadBytes as error:
        raise HandshakeRefused(f"begins with what cannot be read: {error}") from None
