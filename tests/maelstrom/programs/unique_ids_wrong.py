#!/usr/bin/env python3
"""Ids that are unique at each node, until it has begun again."""

from node_of_python import Node

node = Node()
count = 0


@node.on("generate")
def generate(message, body):
    global count
    count += 1
    node.reply(message, {"type": "generate_ok", "id": f"{node.name}-{count}"})


node.run()
