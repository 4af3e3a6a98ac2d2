// Loaded by Node.js before a program that runs as a node: its clock and its chance are ours. Time stands
// still until the runner lets it pass, and then it is the earliest moment for which the program waits.
"use strict";
if (process.env.COUNTERPOINT_CLOCK) {
  const fs = require("fs");
  const net = require("net");
  const crypto = require("crypto");
  const util = require("util");
  const timers = require("timers");
  const fd = Number(process.env.COUNTERPOINT_CLOCK);
  const seed = process.env.COUNTERPOINT_SEED || "";
  delete process.env.COUNTERPOINT_CLOCK;
  delete process.env.COUNTERPOINT_SEED;

  const start = 1700000000000;
  let now = start;
  let count = 0;
  let waiting = [];
  let told = "0";

  const tell = () => {
    const state = waiting.length ? "1" : "0";
    if (state !== told) {
      told = state;
      fs.writeSync(fd, state);
    }
  };
  class Timer {
    constructor(run, milliseconds, every) {
      this.run = run;
      this.milliseconds = Math.max(1, Number(milliseconds) || 1);
      this.every = every;
      this.number = ++count;
      this.arm();
    }
    arm() {
      this.at = now + this.milliseconds;
      waiting.push(this);
      waiting.sort((one, other) => one.at - other.at || one.number - other.number);
      tell();
    }
    disarm() {
      waiting = waiting.filter((each) => each !== this);
      tell();
    }
    refresh() {
      this.disarm();
      this.arm();
      return this;
    }
    ref() { return this; }
    unref() { return this; }
    hasRef() { return true; }
    close() { this.disarm(); return this; }
    [Symbol.toPrimitive]() { return this.number; }
  }
  const pass = () => {
    const next = waiting.shift();
    if (!next) return;
    now = Math.max(now, next.at);
    if (next.every) next.arm();
    tell();
    next.run();
  };
  const clear = (timer) => {
    const found = waiting.find((each) => each === timer || each.number === timer);
    if (found) found.disarm();
  };
  const setTimeout = (run, milliseconds, ...given) =>
    new Timer(() => run(...given), milliseconds, false);
  const setInterval = (run, milliseconds, ...given) =>
    new Timer(() => run(...given), milliseconds, true);
  const later = (milliseconds, value) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds, value));
  setTimeout[util.promisify.custom] = later;
  for (const home of [globalThis, timers])
    Object.assign(home, { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear });
  require("timers/promises").setTimeout = later;

  const OwnDate = Date;
  globalThis.Date = class Date extends OwnDate {
    constructor(...given) {
      super(...(given.length ? given : [now]));
    }
    static now() { return now; }
  };
  performance.now = () => now - start;
  const hrtime = () => [Math.floor((now - start) / 1000), ((now - start) % 1000) * 1e6];
  hrtime.bigint = () => BigInt(now - start) * 1000000n;
  process.hrtime = hrtime;

  let block = Buffer.alloc(0);
  let blocks = 0;
  const bytes = (size) => {
    while (block.length < size)
      block = Buffer.concat([block,
        crypto.createHash("sha256").update(`${seed} ${blocks++}`).digest()]);
    const found = block.subarray(0, size);
    block = block.subarray(size);
    return Buffer.from(found);
  };
  const uuid = () => {
    const b = bytes(16);
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    return b.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  Math.random = () => bytes(6).readUIntBE(0, 6) / 2 ** 48;
  crypto.randomUUID = uuid;
  crypto.randomBytes = (size, done) => {
    if (!done) return bytes(size);
    done(null, bytes(size));
    return undefined;
  };
  globalThis.crypto.randomUUID = uuid;
  globalThis.crypto.getRandomValues = (array) => {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes(array.byteLength));
    return array;
  };

  const socket = new net.Socket({ fd, readable: true, writable: false });
  socket.on("data", (data) => { for (let k = 0; k < data.length; k++) pass(); });
  socket.on("error", () => {});
  socket.unref();
}
