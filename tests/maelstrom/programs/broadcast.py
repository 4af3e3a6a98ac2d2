#!/usr/bin/env python3
"""Broadcast: each node tells its neighbours what they have not confirmed, again and again.

With the argument of its name, `broadcast_wrong.py`, it tells them once.
"""

import sys

from node_of_python import Node

IS_WRONG = "wrong" in sys.argv[0]
node = Node()
messages = set()
unconfirmed = {}
is_due = False


def gossip():
    for neighbour, missing in unconfirmed.items():
        if missing:
            told = sorted(missing)
            node.call(
                neighbour,
                {"type": "gossip", "messages": told},
                lambda _, who=neighbour, told=told: unconfirmed[who].difference_update(told),
            )
    if IS_WRONG:
        unconfirmed.update((neighbour, set()) for neighbour in unconfirmed)
    again()


def again():
    global is_due
    if any(unconfirmed.values()) and not is_due:
        is_due = True
        node.later(0.5, due)


def due():
    global is_due
    is_due = False
    gossip()


def learn(new, source):
    new = set(new) - messages
    if new:
        messages.update(new)
        for neighbour, missing in unconfirmed.items():
            if neighbour != source:
                missing |= new
        gossip()


@node.on("topology")
def topology(message, body):
    unconfirmed.update((neighbour, set()) for neighbour in body["topology"][node.name])
    node.reply(message, {"type": "topology_ok"})


@node.on("broadcast")
def broadcast(message, body):
    learn([body["message"]], message["src"])
    node.reply(message, {"type": "broadcast_ok"})


@node.on("gossip")
def heard(message, body):
    learn(body["messages"], message["src"])
    node.reply(message, {"type": "gossip_ok"})


@node.on("read")
def read(message, body):
    node.reply(message, {"type": "read_ok", "messages": sorted(messages)})


node.run()
