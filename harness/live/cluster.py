"""Clusters: which nodes of a system run where, and what they share, from a file.

    system = "token_manager"
    data = "data"                   # a folder for durable state, beside this file
    secret-file = "secret"          # required where a place is not on this machine
    [settings]
    servers = 5
    [places]
    s1 = "127.0.0.1:50061"          # every node that listens
    [tls]                           # optional
    certificate = "node.pem"
    key = "node.key"
    authority = "ca.pem"

A file of the register can be its access configuration alone (`.yaml`), as servers and clients of the
register have always shared it.
"""

from __future__ import annotations

import ipaddress
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterpoint.impl.register.access import load_access
from counterpoint.impl.transport.running_node import Endpoint
from counterpoint.model.values import NodeId

YAML = (".yaml", ".yml")
_KEYS = ("system", "mutant", "access", "data", "secret-file", "settings", "places", "tls")
_TLS = ("certificate", "key", "authority")


class ClusterError(ValueError):
    """A cluster's file that says nothing clear. Says where, and what would be right."""


@dataclass(frozen=True)
class Cluster:
    """A cluster as its file describes it. `places` are those of the nodes that listen.

    `access_text` stands in for the file `access` where there is none."""

    system: str
    places: Mapping[NodeId, Endpoint]
    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    mutant: str | None = None
    access: Path | None = None
    access_text: str = ""
    secret: bytes = b""
    tls: Mapping[str, Path] = field(default_factory=dict)
    source: Path = Path("cluster.toml")

    def contexts(self) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
        """Return how to speak TLS as a listener and as a dialler: each end shows a certificate."""
        if not self.tls:
            return None, None
        try:
            return _context(self.tls, ssl.Purpose.CLIENT_AUTH), _context(
                self.tls, ssl.Purpose.SERVER_AUTH
            )
        except (ssl.SSLError, OSError) as error:
            raise ClusterError(f"{self.source}: tls: {error}") from None


def _context(tls: Mapping[str, Path], purpose: ssl.Purpose) -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=str(tls["authority"]))
    context.load_cert_chain(str(tls["certificate"]), str(tls["key"]))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def load_cluster(path: Path, *, data: Path | None = None) -> Cluster:
    """Read a cluster's file; `data` stands in for the folder that it names.

    Raises:
        ClusterError: it cannot be read, or says nothing clear.
        AccessError: the access configuration of a register says nothing clear.
    """
    if path.suffix in YAML:
        cluster = register_cluster(path, data or path.with_suffix(".data"))
    else:
        cluster = _parsed(_content(path), path, data)
    _require_secret(cluster)
    return cluster


def register_cluster(access: Path, data: Path) -> Cluster:
    """Return the cluster of an access configuration."""
    places = {node: (at.host.strip("[]"), at.port) for node, at in load_access(access).addresses}
    return Cluster("register", places, data, access=access, source=access)


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClusterError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ClusterError(f"{path}: is no TOML: {error}") from None


def _parsed(content: dict[str, Any], path: Path, data: Path | None) -> Cluster:
    for key in content:
        if key not in _KEYS:
            raise ClusterError(f"{path}: {key!r} is not known; there are {', '.join(_KEYS)}")
    system = content.get("system")
    if not isinstance(system, str):
        raise ClusterError(f'{path}: the system is missing, as in: system = "register"')
    access = _path(content, "access", path)
    places = {node: place_of(text, path) for node, text in content.get("places", {}).items()}
    if system == "register" and access is not None:
        places = {**register_cluster(access, path).places, **places}
    if not places:
        raise ClusterError(f'{path}: no node has a place, as in: [places] s1 = "127.0.0.1:50061"')
    return Cluster(
        system,
        places,
        data or _path(content, "data", path) or path.with_suffix(".data"),
        {key: str(value) for key, value in content.get("settings", {}).items()},
        content.get("mutant"),
        access,
        secret=_secret(_path(content, "secret-file", path)),
        tls=_tls(content.get("tls", {}), path),
        source=path,
    )


def _path(content: Mapping[str, Any], key: str, source: Path) -> Path | None:
    """Return a path that the file gives, relative to the file."""
    text = content.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or not text:
        raise ClusterError(f"{source}: {key} is {text!r}; it must be a path")
    return source.parent / text


def place_of(text: object, source: object) -> Endpoint:
    """Return host and port of "host:port".

    >>> place_of("127.0.0.1:50061", "x"), place_of("[::1]:7", "x")
    (('127.0.0.1', 50061), ('::1', 7))
    """
    host, colon, port = str(text).rpartition(":")
    if not colon or not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ClusterError(f"{source}: {text!r} is no place; right would be 127.0.0.1:50061")
    return host.strip("[]"), int(port)


def _secret(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ClusterError(f"{path}: the secret cannot be read: {error.strerror}") from None
    if len(secret) < 16:
        raise ClusterError(f"{path}: a secret of {len(secret)} bytes; it must have 16 at least")
    return secret


def _tls(content: Mapping[str, Any], path: Path) -> dict[str, Path]:
    if not content:
        return {}
    missing = [key for key in _TLS if key not in content]
    if missing or set(content) - set(_TLS):
        raise ClusterError(f"{path}: [tls] must give {', '.join(_TLS)}, and nothing else")
    return {key: path.parent / str(content[key]) for key in _TLS}


def _require_secret(cluster: Cluster) -> None:
    if cluster.secret:
        return
    for node, (host, port) in cluster.places.items():
        if not is_loopback(host):
            raise ClusterError(
                f"{cluster.source}: {node} at {host}:{port} is not on this machine, so the nodes need "
                'a secret: secret-file = "secret", a file of 16 bytes at least that all nodes have'
            )


def is_loopback(host: str) -> bool:
    """Tell whether nobody outside this machine can reach a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def cluster_text(cluster: Cluster) -> str:
    """Return a file that describes a cluster."""
    lines = [f'system = "{cluster.system}"', f'data = "{cluster.data}"']
    if cluster.mutant:
        lines.append(f'mutant = "{cluster.mutant}"')
    if cluster.access:
        lines.append(f'access = "{cluster.access.resolve()}"')
    lines += ["", "[settings]", *(f'{key} = "{value}"' for key, value in cluster.settings.items())]
    lines += ["", "[places]"]
    lines += [f'{node} = "{shown_place(place)}"' for node, place in cluster.places.items()]
    return "\n".join(lines) + "\n"


def shown_place(place: Endpoint) -> str:
    """Return a place as a file gives it.

    >>> shown_place(("::1", 7)), shown_place(("127.0.0.1", 50061))
    ('[::1]:7', '127.0.0.1:50061')
    """
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
