"""Clusters made on the spot: all nodes on this machine, at ports that are free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from counterpoint.harness.live.cluster import Cluster, cluster_text, register_cluster
from counterpoint.harness.live.hostings import hosting_of
from counterpoint.harness.live.ports import HOST, free_ports


def fresh_cluster(
    system: str, folder: Path, *, settings: Mapping[str, str], mutant: str | None = None
) -> Cluster:
    """Write the file of a new cluster of a system into a folder, and return the cluster.

    `servers` says how many servers there are, for the register how many readers its one token has
    besides a writer who is none of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hosting = hosting_of(system)
    own = dict(settings)
    if system == "register":
        access = _access_file(folder, int(own.pop("servers", "3")))
        cluster = replace(register_cluster(access, folder / "data"), settings=own, mutant=mutant)
    else:
        own = (
            own
            if "servers" in hosting.settings
            else {k: v for k, v in own.items() if k != "servers"}
        )
        cluster = Cluster(system, {}, folder / "data", own, mutant)
    cluster = replace(cluster, source=folder / "cluster.toml")
    served = hosting.served(hosting.build(cluster))
    if not cluster.places:
        places = {n: (HOST, p) for n, p in zip(served, free_ports(len(served)), strict=True)}
        cluster = replace(cluster, places=places)
    cluster.source.write_text(cluster_text(cluster), encoding="utf-8")
    return cluster


def _access_file(folder: Path, readers: int) -> Path:
    """Write an access configuration of one token: a writer, and so many readers."""
    writer, *others = free_ports(readers + 1)
    lines = ["- token: 1", f"  writer: {HOST}:{writer}", "  readers:"]
    lines += [f"    - {HOST}:{port}" for port in others]
    file = folder / "register.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
