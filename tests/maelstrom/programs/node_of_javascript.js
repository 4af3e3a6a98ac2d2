// What all programs of these exercises share: messages in, handlers, calls of others.
"use strict";
const readline = require("readline");

class Node {
  constructor() {
    this.name = "";
    this.names = [];
    this.handlers = {};
    this.callbacks = new Map();
    this.count = 0;
  }
  on(kind, handler) { this.handlers[kind] = handler; }
  send(to, body) {
    process.stdout.write(JSON.stringify({ src: this.name, dest: to, body }) + "\n");
  }
  reply(message, body) {
    this.send(message.src, { ...body, in_reply_to: message.body.msg_id });
  }
  call(to, body) {
    this.count += 1;
    this.send(to, { ...body, msg_id: this.count });
    return new Promise((resolve) => this.callbacks.set(this.count, resolve));
  }
  run() {
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
      const message = JSON.parse(line);
      const body = message.body;
      if (body.type === "init") {
        this.name = body.node_id;
        this.names = body.node_ids;
        this.reply(message, { type: "init_ok" });
      } else if (body.in_reply_to !== undefined) {
        const done = this.callbacks.get(body.in_reply_to);
        this.callbacks.delete(body.in_reply_to);
        if (done) done(body);
      } else {
        this.handlers[body.type](message, body);
      }
    });
  }
}

module.exports = { Node };
