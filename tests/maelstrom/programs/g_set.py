#!/usr/bin/env python3
"""A set that grows: every element is told to all others, again and again until they confirm it."""

from node_of_python import Node

node = Node()
elements = set()


def tell(other, element):
    confirmed = []
    node.call(other, {"type": "element", "element": element}, confirmed.append)
    node.later(1.0, lambda: confirmed or tell(other, element))


@node.on("add")
def add(message, body):
    elements.add(body["element"])
    for other in node.names:
        if other != node.name:
            tell(other, body["element"])
    node.reply(message, {"type": "add_ok"})


@node.on("element")
def element(message, body):
    elements.add(body["element"])
    node.reply(message, {"type": "element_ok"})


@node.on("read")
def read(message, body):
    node.reply(message, {"type": "read_ok", "value": sorted(elements)})


node.run()
