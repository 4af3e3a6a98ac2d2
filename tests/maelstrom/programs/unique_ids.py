#!/usr/bin/env python3
"""Unique ids, by chance: which is the same chance whenever the same run is made again."""

import uuid

from node_of_python import Node

node = Node()


@node.on("generate")
def generate(message, body):
    node.reply(message, {"type": "generate_ok", "id": str(uuid.uuid4())})


node.run()
