"""What all programs of these exercises share: messages in, handlers, calls of others, time."""

import json
import sys
import threading


class Node:
    """A node: `on` says what to do about a kind of message, `call` asks another node."""

    def __init__(self):
        self.name, self.names = "", []
        self.lock = threading.RLock()
        self._handlers, self._callbacks, self._count = {}, {}, 0

    def on(self, kind):
        def register(handler):
            self._handlers[kind] = handler
            return handler

        return register

    def send(self, to, body):
        print(json.dumps({"src": self.name, "dest": to, "body": body}), flush=True)

    def reply(self, message, body):
        self.send(message["src"], {**body, "in_reply_to": message["body"]["msg_id"]})

    def call(self, to, body, done):
        self._count += 1
        self._callbacks[self._count] = done
        self.send(to, {**body, "msg_id": self._count})

    def later(self, seconds, do):
        def run():
            with self.lock:
                do()

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        timer.start()

    def run(self):
        for line in sys.stdin:
            with self.lock:
                self._take(json.loads(line))

    def _take(self, message):
        body = message["body"]
        if body["type"] == "init":
            self.name, self.names = body["node_id"], body["node_ids"]
            self.reply(message, {"type": "init_ok"})
        elif "in_reply_to" in body:
            done = self._callbacks.pop(body["in_reply_to"], None)
            if done is not None:
                done(body)
        else:
            self._handlers[body["type"]](message, body)
