"""Good files as long as one likes, of each format."""

from __future__ import annotations

from collections.abc import Mapping

from tests.checkers.readers.reader_samples import SAMPLES, bincode_history

BINCODE_TRANSACTION_BYTES = 8 + 18 + 1
REPEATED = ("chaos-json", "dbcop-yaml")
"""A file of these formats, written down twice, is a file."""

PARTS: Mapping[str, tuple[str, str, str, str]] = {
    "awdit-text": ("", "w {p} {n}", "\n", "\n"),
    "csv": ("client,type,f,key,value\n", "c{p},invoke,write,x,{n}\nc{p},ok,write,x,{n}", "\n", ""),
    "dbcop-hist": ("", "[x:={n} y:={p}]", "\n", "\n"),
    "dbcop-json": (
        '{"params": {"id": 0}, "info": "generated", "data": [[',
        '{{"events": [{{"Write": {{"variable": {p}, "version": {n}}}}}], "committed": true}}',
        ",\n",
        "]]}",
    ),
    "edn": (
        "",
        "{{:process {p}, :type :invoke, :f :write, :value {n}}}\n"
        "{{:process {p}, :type :ok, :f :write, :value {n}}}",
        "\n",
        "",
    ),
    "interval-json": ('[{"name": "long", "ops": [', '["w", {p}, {n}, {n}00, {n}50]', ",\n", "]}]"),
    "jepsen-history": ("", "{p}\t:invoke\t:write\t{n}\n{p}\t:ok\t:write\t{n}", "\n", "\n"),
    "jepsen-json": (
        "",
        '{{"process": {p}, "type": "invoke", "f": "write", "value": {n}}}\n'
        '{{"process": {p}, "type": "ok", "f": "write", "value": {n}}}',
        "\n",
        "\n",
    ),
    "jepsen-log": (
        "",
        "INFO  jepsen.util - {p}\t:invoke\t:write\t{n}\nINFO  jepsen.util - {p}\t:ok\t:write\t{n}",
        "\n",
        "\n",
    ),
    "jsonl": (
        "",
        '{{"client": "c{p}", "type": "invoke", "f": "write", "value": {n}}}\n'
        '{{"client": "c{p}", "type": "ok", "f": "write", "value": {n}}}',
        "\n",
        "\n",
    ),
    "plume-text": ("", "w({p},{n},0,{n})", "\n", "\n"),
    "porcupine-json": (
        "",
        '{{"ClientId":{p},"Input":{{"Type":"range","Range":{{"Start":"k","End":"","Limit":0,'
        '"Revision":0}}}},"Call":{n}00,"Output":{{"Range":{{"KVs":[],"Count":0}},"Revision":{n}}},'
        '"Return":{n}50}}',
        "\n",
        "\n",
    ),
    "session-json": (
        '[{"name": "long", "sessions": [[',
        '["w", {p}, {n}], ["r", {p}, {n}]',
        ",\n",
        "]]}]",
    ),
}
"""What each format begins with, the text of one operation, what is between two, and the end."""


def long_file(form: str, bytes_min: int) -> bytes:
    """Write operations of seven clients, one after another, until there are so many bytes."""
    if form == "dbcop-bincode":
        count = bytes_min // BINCODE_TRANSACTION_BYTES
        return bincode_history([[([(1, 0, number, 1)], 1) for number in range(1, count + 1)]])
    if form in REPEATED:
        sample = str(SAMPLES[form])
        return (sample * (bytes_min // len(sample) + 1)).encode()
    head, operation, joint, tail = PARTS[form]
    written: list[str] = []
    size = 0
    while size < bytes_min:
        number = len(written) + 1
        written.append(operation.format(p=number % 7, n=number))
        size += len(written[-1]) + len(joint)
    return (head + joint.join(written) + tail).encode()
