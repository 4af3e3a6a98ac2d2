"""The access configuration: who may write and who may read each token, from a YAML file.

    - token: 4
      writer: 127.0.0.1:50052
      readers:
        - 127.0.0.1:50053
        - 127.0.0.1:50054

A list with one entry per token: its id, its one writer and its readers, as host:port. A server is
whoever is named as a writer or a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from counterpoint.model.inert import plain, quoted
from counterpoint.model.values import NodeId

UNSIGNED_MAX = 2**64 - 1
"""The largest unsigned 64-bit integer: token ids and ranges go up to it."""

DEMO = Path(__file__).with_name("demo_register.yaml")
"""The demo configuration that comes with the package."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.\-]+):(?P<port>[0-9]{1,5})")
_PORT_MAX = 65_535
_KEYS = ("token", "writer", "readers")
_EXAMPLE = "an address is host:port, such as 127.0.0.1:50051"


class AccessError(ValueError):
    """A configuration that says nothing clear. The text names file, line, token and the remedy."""

    def __init__(self, path: str, line: int, token: str | None, what: str) -> None:
        place = f"{plain(path)}:{line}" + (
            f": token {plain(token, 40)}" if token is not None else ""
        )
        super().__init__(f"{place}: {what}")
        self.path, self.line, self.token = path, line, token


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its id, the node that alone may write it, and the nodes that may read and keep it."""

    id: int
    writer: NodeId
    readers: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Who may write and read what. `addresses` gives each server its place, in the order of ports.

    A server is called "s" and its port where all hosts are the same, else by its whole address.
    """

    tokens: tuple[Token, ...]
    addresses: tuple[tuple[NodeId, Address], ...]

    @property
    def servers(self) -> tuple[NodeId, ...]:
        """Every node that writes or reads some token."""
        return tuple(node for node, _ in self.addresses)

    def token(self, token_id: int) -> Token | None:
        """Return a token, None if the configuration does not know it."""
        return next((token for token in self.tokens if token.id == token_id), None)

    def may_write(self, node: NodeId, token_id: int) -> bool:
        """Tell whether a node is the writer of a token."""
        token = self.token(token_id)
        return token is not None and token.writer == node

    def may_read(self, node: NodeId, token_id: int) -> bool:
        """Tell whether a node is a reader of a token."""
        token = self.token(token_id)
        return token is not None and node in token.readers

    def only(self, *token_ids: int) -> AccessControl:
        """Return the part of this configuration that is about some tokens, and their servers.

        Raises:
            ValueError: one of them is not in the configuration.
        """
        tokens = tuple(token for token in self.tokens if token.id in token_ids)
        missing = sorted(set(token_ids) - {token.id for token in tokens})
        if missing:
            known = ", ".join(str(token.id) for token in self.tokens)
            raise ValueError(f"the configuration has no token {missing[0]}; it has: {known}")
        named = {node for token in tokens for node in (token.writer, *token.readers)}
        return AccessControl(tokens, tuple(pair for pair in self.addresses if pair[0] in named))


def load_access(path: str | Path) -> AccessControl:
    """Read an access configuration.

    Raises:
        AccessError: it cannot be read, is no YAML, or says nothing clear.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise AccessError(str(path), 1, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AccessError(str(path), 1, None, "is not text in UTF-8") from error
    return parse_access(text, str(path))


def parse_access(text: str, path: str = "<text>") -> AccessControl:
    """Read an access configuration from its text; `path` is what errors call it.

    Raises:
        AccessError: it is no YAML, or says nothing clear.

    >>> access = parse_access("- {token: 7, writer: 'here:1', readers: ['here:2', 'here:3']}")
    >>> access.tokens
    (Token(id=7, writer='s1', readers=('s2', 's3')),)
    """
    return _named(tuple(_Reader(path).tokens(_composed(text, path))))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the file, with addresses instead of names."""

    id: int
    line: int
    writer: Address
    readers: tuple[Address, ...]


def _named(entries: tuple[_Entry, ...]) -> AccessControl:
    """Give the servers their names."""
    places = sorted({place for entry in entries for place in (entry.writer, *entry.readers)})
    is_one_host = len({place.host for place in places}) == 1
    names = {place: f"s{place.port}" if is_one_host else str(place) for place in places}
    tokens = tuple(
        Token(entry.id, names[entry.writer], tuple(names[place] for place in entry.readers))
        for entry in entries
    )
    return AccessControl(tokens, tuple((names[place], place) for place in places))


def _composed(text: str, path: str) -> yaml.Node:
    """Return the nodes of a YAML text: they keep their lines, and nothing is interpreted yet."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise AccessError(path, line, None, f"is no valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise AccessError(path, 1, None, f"is no valid YAML: {error}") from error
    except RecursionError as error:
        raise AccessError(path, 1, None, "is nested too deeply to be a configuration") from error
    if root is None:
        raise AccessError(path, 1, None, f"is empty; give a list of entries with {_all(_KEYS)}")
    return root


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the entries of one file; every complaint carries its place."""

    path: str

    def tokens(self, root: yaml.Node) -> Iterator[_Entry]:
        """Read all entries."""
        if not isinstance(root, yaml.SequenceNode) or not root.value:
            raise self._error(root, None, f"must be a list of entries with {_all(_KEYS)}")
        seen: dict[int, int] = {}
        for node in root.value:
            entry = self._entry(node)
            if entry.id in seen:
                first = f"it was first given on line {seen[entry.id]}; give each token once"
                raise self._error(node, str(entry.id), f"is given twice: {first}")
            seen[entry.id] = entry.line
            yield entry

    def _entry(self, node: yaml.Node) -> _Entry:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, None, f"an entry must be a mapping with {_all(_KEYS)}")
        name = next((v.value for k, v in node.value if k.value == "token"), None)
        token = name if isinstance(name, str) else None
        parts = self._parts(node, token)
        return _Entry(
            self._id(parts["token"]),
            node.start_mark.line + 1,
            self._address(parts["writer"], token, "writer"),
            self._readers(parts["readers"], token),
        )

    def _parts(self, node: yaml.MappingNode, token: str | None) -> dict[str, yaml.Node]:
        """Return the values of an entry by key; each key must be there once, and no other."""
        parts: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in _KEYS:
                raise self._error(
                    key, token, f"{quoted(key.value)} is not known; give {_all(_KEYS)}"
                )
            if key.value in parts:
                raise self._error(key, token, f"{quoted(key.value)} is given twice; give it once")
            parts[key.value] = value
        for key in _KEYS:
            if key not in parts:
                raise self._error(node, token, f"{key!r} is missing; {_REMEDY[key]}")
        return parts

    def _id(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode) and re.fullmatch(r"[0-9]{1,20}", node.value):
            number = int(node.value)
            if number <= UNSIGNED_MAX:
                return number
        raise self._error(node, None, f"{_shown(node)} is no token id; {_REMEDY['token']}")

    def _readers(self, node: yaml.Node, token: str | None) -> tuple[Address, ...]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self._error(node, token, f"'readers' is {_shown(node)}; {_REMEDY['readers']}")
        readers: dict[Address, None] = {}  # in their order, each once
        for item in node.value:
            reader = self._address(item, token, "reader")
            if reader in readers:
                raise self._error(
                    item, token, f"reader {plain(str(reader), 80)} is given twice; give it once"
                )
            readers[reader] = None
        return tuple(readers)

    def _address(self, node: yaml.Node, token: str | None, what: str) -> Address:
        if isinstance(node, yaml.SequenceNode) and what == "writer":
            raise self._error(node, token, "a token has one writer, not a list; give one host:port")
        match = _ADDRESS.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
        if match is None or not 1 <= int(match["port"]) <= _PORT_MAX:
            problem = f"{what} {_shown(node)} is no address; {_EXAMPLE} (ports 1 to {_PORT_MAX})"
            raise self._error(node, token, problem)
        return Address(match["host"].lower(), int(match["port"]))

    def _error(self, node: yaml.Node, token: str | None, what: str) -> AccessError:
        return AccessError(self.path, node.start_mark.line + 1, token, what)


_REMEDY = {
    "token": f"give an unsigned 64-bit integer, as in 'token: 4' (at most {UNSIGNED_MAX})",
    "writer": "give one host:port, as in 'writer: 127.0.0.1:50051'",
    "readers": "give a list of at least one host:port",
}


def _all(names: Iterable[str]) -> str:
    *front, last = (repr(name) for name in names)
    return f"{', '.join(front)} and {last}"


def _shown(node: yaml.Node) -> str:
    """Say what stands in a place, briefly."""
    match node:
        case yaml.ScalarNode():
            return quoted(node.value) if node.value else "empty"
        case yaml.SequenceNode():
            return "a list" if node.value else "an empty list"
        case _:
            return "a mapping"
