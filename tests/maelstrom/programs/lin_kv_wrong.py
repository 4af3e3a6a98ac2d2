#!/usr/bin/env python3
"""A key-value store of which each node has a copy, and tells the others what was written, later."""

from node_of_python import Node

node = Node()
store = {}


def put(key, value):
    store[key] = value
    for other in node.names:
        if other != node.name:
            node.send(other, {"type": "copy", "key": key, "value": value})


@node.on("copy")
def copy(message, body):
    store[body["key"]] = body["value"]


@node.on("read")
def read(message, body):
    if body["key"] in store:
        node.reply(message, {"type": "read_ok", "value": store[body["key"]]})
    else:
        node.reply(message, {"type": "error", "code": 20, "text": "no such key"})


@node.on("write")
def write(message, body):
    put(body["key"], body["value"])
    node.reply(message, {"type": "write_ok"})


@node.on("cas")
def cas(message, body):
    old = store.get(body["key"])
    if old is None or old != body["from"]:
        code = 20 if old is None else 22
        node.reply(message, {"type": "error", "code": code, "text": f"it is {old}"})
    else:
        put(body["key"], body["to"])
        node.reply(message, {"type": "cas_ok"})


node.run()
