#!/usr/bin/env python3
"""Echo: what was said is said again."""

import json
import sys


def reply(message, body):
    body["in_reply_to"] = message["body"]["msg_id"]
    print(json.dumps({"src": message["dest"], "dest": message["src"], "body": body}), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    if body["type"] == "init":
        reply(message, {"type": "init_ok"})
    elif body["type"] == "echo":
        reply(message, {"type": "echo_ok", "echo": body["echo"]})
