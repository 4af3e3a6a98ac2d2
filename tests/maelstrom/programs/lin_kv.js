#!/usr/bin/env node
// A key-value store: the first node has it, all others pass on what they are asked.
"use strict";
const { Node } = require("./node_of_javascript.js");
const node = new Node();
const store = new Map();

const done = (body) => {
  const has = store.has(body.key);
  const old = store.get(body.key);
  if (body.type === "write") {
    store.set(body.key, body.value);
    return { type: "write_ok" };
  }
  if (!has) return { type: "error", code: 20, text: "no such key" };
  if (body.type === "read") return { type: "read_ok", value: old };
  if (old !== body.from) return { type: "error", code: 22, text: `it is ${old}` };
  store.set(body.key, body.to);
  return { type: "cas_ok" };
};

const ask = async (message, body) => {
  const { msg_id, ...question } = body;
  const here = node.name === node.names[0];
  const answer = here ? done(question) : await node.call(node.names[0], question);
  const { in_reply_to, ...own } = answer;
  node.reply(message, own);
};

for (const kind of ["read", "write", "cas"]) node.on(kind, ask);
node.run();
