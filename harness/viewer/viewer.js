// The viewer. Everything that comes from the trace is shown as text; nothing is ever parsed as markup.
import { h, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { batch, computed, effect, signal } from "@preact/signals";
import htm from "htm";

const html = htm.bind(h);
const ROW = 28, MARGIN = 84, BLOCK = 64, LONG = 4096, CHECKPOINT = 256, FOLD_FROM = 60;
const BARS_MAX = 1500, ARROWS_MAX = 600, TEXT_MAX = 5000, CLIENTS_MAX = 8;
const ARRIVED = 1, LOST = 2, COPIED = 3, HELD = 4, RELEASED = 5, IGNORED = 6, LATE = 7;
const MANNERS = { " ": "", "!": "bad", "~": "fault", "-": "muted", "+": "value" };

// ---- reading -------------------------------------------------------------------------------------

async function unpack(text) {
  const raw = atob(text.trim()), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** One run: columns as they were stored, and the indexes that drawing and asking need. */
class Run {
  constructor(data) {
    Object.assign(this, data);
    this.count = data.kinds.length;
    this.sentences = this.count ? data.said.split("\x1e") : [];
    this.bodies = data.letters.id.length ? data.letters.body.split("\x1f") : [];
    this.indexOf = new Map(data.letters.id.map((id, i) => [id, i]));
    this.faultSet = new Set(data.faults);
    this.readMessages();
    this.readNodes();
    this.checkpoints = [data.start.map((state) => ({ ...state }))];
  }

  readMessages() {
    const { id, sent } = this.letters;
    this.sentBy = Array.from({ length: this.count }, () => []);
    this.fatesOf = id.map(() => []);
    sent.forEach((step, i) => step >= 0 && this.sentBy[step].push(i));
    this.fates.forEach((fate, step) => fate && this.fatesOf[this.indexOf.get(fate[0])].push([step, fate[1], fate[2] || 0]));
    this.arcs = [];
    id.forEach((_, i) => {
      let copies = 1;
      for (const [step, code, copy] of this.fatesOf[i]) {
        if (code === COPIED) copies += copy || 1;
        else if (code !== HELD && code !== RELEASED) { copies--; this.arcs.push({ i, from: sent[i], to: step, code, copy }); }
      }
      if (copies > 0) this.arcs.push({ i, from: sent[i], to: this.count, code: 0, copy: 0 });
    });
    this.blocks = Array.from({ length: Math.floor(this.count / BLOCK) + 1 }, () => []);
    this.long = [];
    for (const arc of this.arcs) {
      if (arc.to - arc.from > LONG) this.long.push(arc);
      else for (let b = Math.max(0, Math.floor(arc.from / BLOCK)); b <= Math.floor(arc.to / BLOCK) && b < this.blocks.length; b++) this.blocks[b].push(arc);
    }
  }

  readNodes() {
    this.before = new Int32Array(this.count).fill(-1);
    this.after = new Int32Array(this.count).fill(-1);
    const last = this.nodes.map(() => -1);
    this.acts.forEach((node, step) => {
      if (node < 0) return;
      this.before[step] = last[node];
      if (last[node] >= 0) this.after[last[node]] = step;
      last[node] = step;
    });
  }

  parts(step) { return this.sentences[step].split("\x1f").map((p) => [MANNERS[p[0]] ?? "", p.slice(1)]); }
  text(step) { return this.sentences[step].split("\x1f").map((p) => p.slice(1)).join(" · "); }
  body(i) { return this.bodies[i]; }
  type(i) { return this.bodies[i].split("(", 1)[0]; }
  /** The step that sent the message which a step is about, -1 if it is about none. */
  cause(step) { const fate = this.fates[step]; return fate ? this.letters.sent[this.indexOf.get(fate[0])] : -1; }
  /** The steps at which messages sent by a step arrived or were lost. */
  effects(step) { return this.sentBy[step].flatMap((i) => this.fatesOf[i].map((f) => f[0])); }

  past(step) {
    const mask = new Uint8Array(this.count), todo = [step];
    while (todo.length) {
      const k = todo.pop();
      if (k >= 0 && !mask[k]) { mask[k] = 1; todo.push(this.before[k], this.cause(k)); }
    }
    return mask;
  }

  future(step) {
    const mask = new Uint8Array(this.count), todo = [step];
    while (todo.length) {
      const k = todo.pop();
      if (k >= 0 && !mask[k]) { mask[k] = 1; todo.push(this.after[k], ...this.effects(k)); }
    }
    return mask;
  }

  /** The states of all nodes after a step; -1 is the start. */
  state(step) {
    const wanted = Math.floor((step + 1) / CHECKPOINT);
    while (this.checkpoints.length <= wanted) {
      const at = this.checkpoints.length - 1;
      this.checkpoints.push(this.advance(this.checkpoints[at], at * CHECKPOINT, (at + 1) * CHECKPOINT));
    }
    return this.advance(this.checkpoints[wanted], wanted * CHECKPOINT, step + 1);
  }

  advance(states, from, to) {
    const next = states.map((s) => ({ ...s }));
    for (let k = from; k < to && k < this.count; k++) {
      const delta = this.deltas[k];
      for (let j = 0; delta && j < delta.length; j += 3) {
        if (delta[j + 2] === null) delete next[delta[j]][delta[j + 1]];
        else next[delta[j]][delta[j + 1]] = delta[j + 2];
      }
    }
    return next;
  }

  role(node, step) {
    let found = "";
    for (const [n, role, from] of this.roles) if (n === node && from <= step) found = role;
    return found;
  }

  conditionsAt(step) { return this.conditions.filter((c) => c[2] <= step && (c[3] === null || step < c[3])); }

  /** Copies still on their way after a step. */
  flying(step, most) {
    const found = [];
    for (let i = 0; i < this.bodies.length && found.length <= most; i++) {
      if (this.letters.sent[i] > step) continue;
      let copies = 1, held = 0;
      for (const [k, code, more] of this.fatesOf[i]) {
        if (k > step) break;
        if (code === COPIED) copies += more || 1; else if (code === HELD) held++; else if (code === RELEASED) held--; else copies--;
      }
      if (copies > 0) found.push([i, copies, held]);
    }
    return found;
  }
}

/** Which step of another run is the same, by message (source, destination, type, n-th) or by call. */
function align(one, other) {
  const keys = (run) => {
    const counts = new Map();
    return run.kinds.map((kind, k) => {
      const fate = run.fates[k], i = fate ? run.indexOf.get(fate[0]) : -1;
      const what = fate ? `${run.letters.src[i]}>${run.letters.dst[i]}:${run.type(i)}:${fate[1] >= IGNORED ? ARRIVED : fate[1]}` : `${kind}@${run.acts[k]}`;
      counts.set(what, (counts.get(what) || 0) + 1);
      return `${what}#${counts.get(what)}`;
    });
  };
  const where = new Map(keys(other).map((key, k) => [key, k]));
  const same = Int32Array.from(keys(one), (key) => where.get(key) ?? -1);
  let first = 0;
  while (first < one.count && first < other.count && one.text(first) === other.text(first)) first++;
  return { same, first };
}

// ---- the page's state ----------------------------------------------------------------------------

const data = await unpack(document.getElementById("trace").textContent).catch((error) => ({ error: String(error) }));
const app = document.getElementById("app");
app.replaceChildren();
const run = data.error ? null : new Run(data.run);
const other = run && data.other ? new Run(data.other.run) : null;
const aligned = other ? align(run, other) : null;
const verdict = data.verdict, found = data.found;
const wrongStep = verdict?.step ?? null;
const carrying = new Set(found?.trail?.messages ?? []);
const needs = new Map((found?.needs ?? []).map((need) => [need[0], need]));
const supportSet = new Set(verdict?.support ?? []);
const LENSES = [["support", "the answer rests on"], ["past", "causal past"], ["future", "causal future"], ["trail", "trail of a value"], ["needed", "needed choices"]];

const selected = signal(wrongStep ?? Math.max(0, (run?.count ?? 1) - 1));
const lens = signal(supportSet.size ? "support" : "");
const filter = signal("");
const isFolded = signal((run?.count ?? 0) > FOLD_FROM);
const opened = signal(new Set());
const isDiff = signal(true);
const isCompared = signal(false);
const isUnarrived = signal(false);
const isPrinting = signal(false);
/** On a screen of little height (also at 200 % zoom) the steps come first, and the rest on demand. */
const little = matchMedia("(max-height: 640px)");
const isBrief = signal(little.matches);
const view = signal({ top: 0, height: 800 });
const width = signal(document.documentElement.clientWidth);
const dialog = signal("");
const said = signal("");

const mask = computed(() => {
  const which = lens.value;
  if (which === "past") return run.past(selected.value);
  if (which === "future") return run.future(selected.value);
  const kept = new Uint8Array(run.count);
  if (which === "support") supportSet.forEach((k) => (kept[k] = 1));
  else if (which === "needed") needs.forEach((need, k) => need[1] && (kept[k] = 1));
  else if (which === "trail") {
    found?.trail?.holders.forEach(([, k]) => k >= 0 && (kept[k] = 1));
    run.arcs.forEach((arc) => { if (carrying.has(run.letters.id[arc.i])) { if (arc.from >= 0) kept[arc.from] = 1; if (arc.to < run.count) kept[arc.to] = 1; } });
  } else return null;
  return kept;
});

/** Whether a step passes the filter: node:, op:, kind:, type:, changed:, or words of its sentence. */
function matcher(text) {
  const tests = text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const [, key, value] = /^(node|op|kind|type|changed):(.+)$/.exec(word) ?? [null, "", word];
    const small = value.toLowerCase();
    switch (key) {
      case "node": { const nodes = value.split(",").map((n) => run.nodes.indexOf(n)); return (k) => nodes.includes(run.acts[k]) || (run.fates[k] && [run.letters.src, run.letters.dst].some((c) => nodes.includes(c[run.indexOf.get(run.fates[k][0])]))); }
      case "op": { const span = run.spans.find((s) => s[0] === value); return (k) => !!span && span[1] === run.acts[k] && span[4] <= k && k <= (span[5] ?? span[6] ?? run.count); }
      case "kind": { const codes = { lose: LOST, duplicate: COPIED, hold: HELD, release: RELEASED, late: LATE, ignored: IGNORED }; return (k) => run.kinds[k] === small || (run.fates[k] && run.fates[k][1] === codes[small]); }
      case "type": return (k) => run.fates[k] && run.type(run.indexOf.get(run.fates[k][0])).toLowerCase() === small;
      case "changed": { const [name, ...path] = value.split("."), node = run.nodes.indexOf(name), field = path.join("."); return (k) => { const d = run.deltas[k]; for (let j = 0; d && j < d.length; j += 3) if (d[j] === node && (!field || d[j + 1].startsWith(field))) return true; return false; }; }
      default: return (k) => run.text(k).toLowerCase().includes(small);
    }
  });
  return (k) => tests.every((test) => test(k));
}

/** The rows: starts[r] is the first step of row r, sizes[r] is 0 for a step and else the steps folded. */
const rows = computed(() => {
  const text = filter.value, folding = isFolded.value, open = opened.value;
  const passes = text ? matcher(text) : null;
  const important = (k) => k === 0 || k === run.count - 1 || k === wrongStep || supportSet.has(k) || run.faultSet.has(k) || needs.get(k)?.[1] || verdict.named.includes(k);
  const starts = [], sizes = [];
  for (let k = 0; k < run.count; ) {
    const keep = (j) => open.has(j) || (passes ? passes(j) : !folding || important(j));
    if (keep(k)) { starts.push(k++); sizes.push(0); continue; }
    const from = k;
    while (k < run.count && !keep(k)) k++;
    starts.push(from); sizes.push(k - from);
  }
  return { starts, sizes };
});

function rowOf(step) {
  const { starts } = rows.value;
  let low = 0, high = starts.length - 1;
  while (low < high) { const middle = (low + high + 1) >> 1; if (starts[middle] <= step) low = middle; else high = middle - 1; }
  return low;
}

const pitch = computed(() => Math.max(26, Math.min(104, (width.value * (width.value > 1000 ? 0.36 : 0.225)) / Math.max(run.nodes.length - 1, 1))));
const laneX = (node) => MARGIN + 22 + node * pitch.value;
const saidX = computed(() => Math.round(laneX(run.nodes.length - 1) + Math.max(30, pitch.value * 0.4)));

// ---- moving --------------------------------------------------------------------------------------

let scroller = null;

function go(step) {
  if (step === undefined || step === null || !run.count) return;
  const k = Math.max(0, Math.min(run.count - 1, step));
  batch(() => {
    const { sizes, starts } = rows.value, r = rowOf(k);
    if (sizes[r]) opened.value = new Set([...opened.value, k]);
    selected.value = k;
  });
  const y = rowOf(k) * ROW, { top, height } = view.value;
  if (scroller && (y < top + ROW || y > top + height - 2 * ROW)) scroller.scrollTop = Math.max(0, y - height / 2);
}

const next = (list, from, step) => (step > 0 ? list.find((k) => k > from) ?? list[0] : list.findLast((k) => k < from) ?? list[list.length - 1]);

/** The neighbouring row, folds passed over. */
function along(direction) {
  const { starts, sizes } = rows.value;
  let r = rowOf(selected.value) + direction;
  while (r >= 0 && r < starts.length && sizes[r]) r += direction;
  return r >= 0 && r < starts.length ? starts[r] : selected.value;
}

function inLane(direction) {
  const k = selected.value;
  if (run.acts[k] < 0) return along(direction);
  const step = direction > 0 ? run.after[k] : run.before[k];
  return step < 0 ? k : step;
}

function otherEnd() {
  const k = selected.value, cause = run.cause(k);
  return run.fates[k] ? (cause >= 0 ? cause : k) : run.effects(k)[0] ?? k;
}

function spanEnd() {
  const k = selected.value;
  const span = run.spans.findLast((s) => s[1] === run.acts[k] && s[4] <= k && k <= (s[5] ?? s[6] ?? run.count));
  if (!span) return k;
  const call = Math.max(0, span[4]); // -1: under way before the first step
  return k === call ? span[5] ?? span[6] ?? k : call;
}

const link = () => {
  const parts = [`step=${selected.value}`];
  if (lens.value) parts.push(`lens=${lens.value}`);
  if (filter.value) parts.push(`filter=${encodeURIComponent(filter.value)}`);
  if (isCompared.value) parts.push("cmp=1");
  return `#${parts.join("&")}`;
};

function readLink() {
  const asked = new URLSearchParams(location.hash.slice(1));
  batch(() => {
    if (asked.has("lens")) lens.value = LENSES.some(([name]) => name === asked.get("lens")) ? asked.get("lens") : "";
    if (asked.has("node")) filter.value = `node:${asked.get("node")}`;
    if (asked.has("filter")) filter.value = asked.get("filter");
    if (asked.has("cmp") && other) isCompared.value = true;
  });
  const step = Number(asked.get("step"));
  if (asked.has("step") && Number.isInteger(step)) go(step);
}

async function copy(text, what) {
  try { await navigator.clipboard.writeText(text); said.value = `${what} copied`; }
  catch { said.value = text; }
  setTimeout(() => (said.value = ""), 4000);
}

const toggleLens = (name) => (lens.value = lens.value === name ? "" : name);
const KEYS = {
  ArrowRight: () => go(along(1)), ArrowLeft: () => go(along(-1)), ArrowDown: () => go(inLane(1)), ArrowUp: () => go(inLane(-1)),
  Home: () => go(0), End: () => go(run.count - 1),
  "[": () => go(run.cause(selected.value) >= 0 ? run.cause(selected.value) : run.before[selected.value] >= 0 ? run.before[selected.value] : selected.value),
  "]": () => go(run.effects(selected.value)[0] ?? (run.after[selected.value] >= 0 ? run.after[selected.value] : selected.value)),
  m: () => go(otherEnd()), o: () => go(spanEnd()), v: () => go(wrongStep ?? selected.value),
  f: () => run.faults.length && go(next(run.faults, selected.value, 1)), F: () => run.faults.length && go(next(run.faults, selected.value, -1)),
  d: () => (isDiff.value = !isDiff.value), p: () => other && (isCompared.value = !isCompared.value), u: () => (isFolded.value = !isFolded.value),
  t: () => (dialog.value = "text"), y: () => copy(location.href.split("#")[0] + link(), "link"), "?": () => (dialog.value = "keys"), e: () => (dialog.value = "export"),
  h: () => (isBrief.value = !isBrief.value), i: () => (isUnarrived.value = !isUnarrived.value), "/": () => document.getElementById("filter").focus(),
};
LENSES.forEach(([name], i) => (KEYS[i + 1] = () => toggleLens(name)));

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target.id === "filter") { if (event.key === "Escape" || event.key === "Enter") scroller?.focus(); return; }
  const act = KEYS[event.key];
  if (act && !(event.target.tagName === "BUTTON" && (event.key === "Enter" || event.key === " "))) { event.preventDefault(); act(); }
}

// ---- parts of the page ---------------------------------------------------------------------------

const Step = ({ k }) => html`<button class="step" onClick=${() => go(k)}>step ${k}</button>`;

/** A text in which each "step 12" is a button that goes there. */
const Linked = ({ text }) => text.split(/(steps? \d+)/).map((piece) => {
  const number = /^step (\d+)$/.exec(piece);
  return number && +number[1] < run.count ? html`<${Step} k=${+number[1]} />` : piece;
});

const Sentence = ({ of, k }) => of.parts(k).map(([manner, text], i) => html`${i ? " · " : ""}<span class=${manner}>${text}</span>`);

function Header() {
  const facts = [Object.entries(run.origin).map(([k, v]) => (k === "system" ? v : `${k} ${v}`)).join(" · ") || run.name, `${run.count} steps`, `${run.events} events`, `${run.faults.length} faults`];
  if (data.shrunk) facts.push(`shrunk ${data.shrunk[0]}→${data.shrunk[1]} choices`);
  return html`<header>
    <span class=${`chip ${verdict.outcome}`}>${{ broken: "✗", holds: "✓", undecided: "?" }[verdict.outcome]} ${verdict.property}</span>
    <code>${data.title}</code><span class="facts mono">${facts.join(" · ")}</span>
    ${data.replay && html`<button onClick=${() => copy(data.replay, "replay command")}>copy replay</button>`}
    <button aria-pressed=${!isBrief.value} onClick=${KEYS.h}>why <kbd>h</kbd></button><button onClick=${KEYS.e}>Export</button><button onClick=${KEYS.y}>copy link</button><button onClick=${KEYS["?"]}><kbd>?</kbd> keys</button>
  </header>`;
}

function Verdict() {
  const summary = verdict.summary || { holds: `holds; ${verdict.examined} examined`, undecided: "undecided", broken: "broken" }[verdict.outcome];
  return html`<div class="verdict" role="region" aria-label="What broke and why">
    <section aria-label="What went wrong"><h2>${verdict.outcome === "broken" ? "What went wrong" : "What was found"}</h2><h1>${summary}</h1>
      <ol class="why">${verdict.because.map((reason) => html`<li><${Linked} text=${reason} /></li>`)}</ol>
      ${data.also.filter((v) => v.outcome === "broken").map((v) => html`<div class="muted">also ${v.property}: ${v.summary}</div>`)}</section>
    <${Cycle} /><${Findings} /></div>`;
}

/** The small cycle behind a verdict: operations on a circle, an arrow for each reason. */
function Cycle() {
  const { edges } = verdict;
  if (!edges.length) return html`<span></span>`;
  const names = [...new Set(edges.flatMap(([a, b]) => [a, b]))].slice(0, 7);
  const place = new Map(names.map((name, i) => {
    const angle = (2 * Math.PI * i) / names.length - Math.PI / 2 - (names.length === 3 ? Math.PI / 3 : 0);
    return [name, [180 + 118 * Math.cos(angle), 70 + (names.length === 3 ? 58 : 50) * Math.sin(angle)]];
  }));
  const label = (name) => { const span = run.spans.find((s) => s[0] === name); return clip(span ? `${name} ${span[2].split("(", 1)[0]}${span[3] === null ? "" : `→${span[3]}`}` : name, 116); };
  return html`<section aria-label="No order fits"><h2>No order fits</h2><svg class="cycle" viewBox="0 0 360 140" width="360" height="140" role="img" aria-label=${edges.map(([a, b, rule]) => `${a} before ${b}: ${rule}`).join("; ")}>
    ${edges.map(([a, b, rule], i) => {
      if (!place.has(a) || !place.has(b)) return null;
      const [x1, y1] = place.get(a), [x2, y2] = place.get(b), bad = i === edges.length - 1;
      const cut = Math.min(56 / Math.abs(x2 - x1), 15 / Math.abs(y2 - y1)), ends = [x1 + (x2 - x1) * cut, y1 + (y2 - y1) * cut, x2 - (x2 - x1) * cut, y2 - (y2 - y1) * cut];
      return html`<path class=${bad ? "edge cross" : "edge"} d=${`M${ends[0]} ${ends[1]}L${ends[2]} ${ends[3]}`} /><path class="head" d=${arrow(ends[0], ends[1], ends[2], ends[3], 8)} />
        <text class=${`small halo ${bad ? "t-bad" : "t-muted"}`} x=${(x1 + x2) / 2} y=${(y1 + y2) / 2 + 3} text-anchor="middle">${rule}</text>`;
    })}
    ${names.map((name) => { const [x, y] = place.get(name); return html`<rect class="node" x=${x - 52} y=${y - 12} width="104" height="23" rx="5" /><text x=${x} y=${y + 4} text-anchor="middle" class="small t-strong">${label(name)}</text>`; })}
  </svg></section>`;
}

function Findings() {
  if (!found) return html`<section aria-label="What had to happen"><h2>What had to happen</h2><span class="muted">not analysed</span></section>`;
  const needed = found.needs.filter((need) => need[1] === "◆"), leap = baked(found.chances);
  return html`<section aria-label="What had to happen"><h2>What had to happen</h2><ul class="plain">
    ${needed.slice(0, 5).map(([k, mark, passed, tried, text]) => html`<li><span class="fault">${mark}</span> <${Step} k=${k} /> ${text} <span class="ok">${passed} of ${tried} others pass</span></li>`)}
    ${needed.length > 5 && html`<li class="muted">${needed.length - 5} more, marked ◆</li>`}
    ${found.nearest && html`<li>▷ <b>nearest passing run:</b> <${Linked} text=${found.nearest.change} /> ${other && html`<button aria-pressed=${isCompared.value} onClick=${KEYS.p}>compare <kbd>p</kbd></button>`}</li>`}
    ${leap && html`<li><span class="bad">▲</span> <b>baked in at</b> <${Step} k=${leap.step} />: fails ${leap.before}% before it, ${leap.after}% after it <span class="muted">(estimate, ${found.samples} random continuations)</span></li>`}
    ${found.fault_free && html`<li class="muted">fault-free: ${found.fault_free}</li>`}
    ${found.unfinished.length > 0 && html`<li class="fault">out of time: ${found.unfinished.join(", ")}</li>`}
  </ul></section>`;
}

function baked(chances) {
  if (chances.length < 2 || chances[0] >= 1) return null;
  let step = 0;
  for (let k = 0; k + 1 < chances.length; k++) if (chances[k + 1] - chances[k] > chances[step + 1] - chances[step]) step = k;
  return { step, before: Math.round(100 * chances[step]), after: Math.round(100 * chances[step + 1]) };
}

// ---- the operation strip -------------------------------------------------------------------------

const clip = (text, room) => { const most = Math.max(0, Math.floor(room / 7.2)); return text.length <= most ? text : most < 2 ? "" : `${text.slice(0, most - 1)}…`; };
const LEFT = 74;
const stripX = (k, total) => LEFT + (k / Math.max(run.count, 1)) * (total - LEFT - 12);

function Strip() {
  const total = width.value - 32, x = (k) => stripX(k, total), unit = x(1) - x(0);
  const guilty = new Set(run.spans.filter((s) => verdict.culprits.includes(s[0])).map((s) => s[1]));
  const clients = run.clients.filter((c) => run.clients.length <= CLIENTS_MAX || guilty.has(c)).slice(0, CLIENTS_MAX);
  const lines = [], wrong = verdict.culprits[verdict.culprits.length - 1];
  let y = 16;
  const every = Math.max(1, Math.ceil(34 / unit));
  const ruler = [];
  for (let k = 0; k < run.count; k += every) ruler.push(html`<text class="small t-muted" x=${x(k + 0.5)} y="10" text-anchor="middle">${k}</text>`);
  const points = linearized();
  for (const client of clients) {
    lines.push(html`<text class="t-muted t-strong" x="0" y=${y + 15}>${clip(run.nodes[client], LEFT)}</text>`);
    const spans = run.spans.filter((s) => s[1] === client);
    for (const [id, , operation, result, call, ret, crash] of spans.slice(0, BARS_MAX)) {
      const end = ret ?? crash, from = x(Math.max(0, call)), to = end === null ? x(run.count) : x(end + 1), bad = id === wrong && verdict.outcome === "broken";
      const text = `${id} ${operation}${result === null ? (crash === null ? " · open to the end" : " · open: crashed") : ` → ${result}`}${bad ? " ✗" : ""}`;
      lines.push(html`<rect class=${`call ${bad ? "wrong" : ret === null ? "open" : ""}`} x=${from + 0.5} y=${y} width=${Math.max(2, to - from - 1)} height="20" rx="4"><title>${text}</title></rect>
        <text class=${bad ? "t-bad" : ""} x=${(from + to) / 2} y=${y + 14.5} text-anchor="middle">${clip(text, to - from - 26)}</text>`);
      const point = points.get(id);
      if (point) lines.push(html`<circle class=${bad ? "dot wrong" : "dot"} cx=${x(point[0] + 0.5)} cy=${y + 10} r="7.5" /><text class="small t-strong" fill="#fff" x=${x(point[0] + 0.5)} y=${y + 13.5} text-anchor="middle"><tspan class="number">${point[1]}</tspan></text>`);
    }
    y += 24;
  }
  if (run.clients.length > clients.length) { lines.push(html`<text class="small t-muted" x=${LEFT} y=${y + 10}>${run.clients.length - clients.length} more clients</text>`); y += 14; }
  const shown = run.conditions.slice(0, 200);
  if (shown.length || run.faults.length) {
    lines.push(html`<text class="t-muted t-strong" x="0" y=${y + 12}>faults</text>`);
    for (const [kind, , from, to, text] of shown) {
      const a = x(from), b = x(to ?? run.count);
      lines.push(html`<rect class=${kind === "cut" ? "cut" : "condition"} x=${a} y=${y + 1} width=${Math.max(3, b - a)} height="13"><title>${text}</title></rect><text class="small t-fault halo" x=${(a + b) / 2} y=${y + 11} text-anchor="middle">${clip(text, b - a)}</text>`);
    }
    const marks = { [LOST]: "✗", [COPIED]: "²", [HELD]: "‖" };
    for (const k of run.faults.slice(0, 400)) if (run.fates[k] && marks[run.fates[k][1]]) lines.push(html`<text class="small t-bad halo" x=${x(k + 0.5)} y=${y + 12} text-anchor="middle">${marks[run.fates[k][1]]}${unit > 26 ? `m${run.fates[k][0]}` : ""}</text>`);
    y += 18;
  }
  if (other && data.other.run.spans.length) {
    lines.push(html`<text class="t-muted t-strong" x="0" y=${y + 11}>passing</text>`);
    const placed = passingBars(x);
    for (const [span, a, b, level] of placed) {
      const [id, , operation, result] = span, top = y + 17 * level;
      lines.push(html`<path class="passing" d=${`M${a} ${top + 3}v9H${b}v-9`}><title>${`${id} ${operation} → ${result}`}</title></path><text class="small t-ok halo passing-label" x=${(a + b) / 2} y=${top + 9} text-anchor="middle">${clip(`${operation} → ${result}`, b - a - 6)}</text>`);
    }
    y += 17 * (1 + Math.max(0, ...placed.map((bar) => bar[3])));
  }
  if (found?.chances.length) {
    let path = "", high = (p) => y + 24 - 22 * p;
    found.chances.slice(1).forEach((p, k) => (path += `${k ? "L" : "M"}${x(k)} ${high(p)}H${x(k + 1)}`));
    lines.push(html`<text class="t-muted t-strong" x="0" y=${y + 18}>P(fail)</text><path class="under" d=${`${path}V${y + 24}H${x(0)}Z`} /><path class="curve" d=${path} />`);
    let last = -1;
    found.chances.slice(1).forEach((p, k) => { const percent = Math.round(100 * p); if (unit > 34 && percent !== last) lines.push(html`<text class="small t-bad halo" x=${x(k + 0.5)} y=${Math.max(y + 9, high(p) - 2)} text-anchor="middle">${percent}%</text>`); last = percent; });
    y += 27;
  }
  if (run.count > FOLD_FROM) {
    const buckets = 240, counts = new Array(buckets).fill(0);
    run.sentBy.forEach((sent, k) => (counts[Math.floor((k / run.count) * buckets)] += 1 + sent.length));
    const most = Math.max(...counts);
    lines.push(html`<text class="small t-muted" x="0" y=${y + 11}>density</text><path class="density" d=${counts.map((c, b) => `M${x((b / buckets) * run.count)} ${y + 13}v${-12 * (c / most)}h${(total - LEFT - 12) / buckets}v${12 * (c / most)}z`).join("")} />`);
    y += 15;
  }
  if (wrongStep !== null) lines.push(html`<path class="curve" d=${`M${x(wrongStep + 0.5)} 12V${y}`} stroke-dasharray="3 3" />`);
  const pick = (event) => { if (event.buttons || event.type === "pointerdown") { const box = event.currentTarget.getBoundingClientRect(); go(Math.floor(((event.clientX - box.left - LEFT) / (total - LEFT - 12)) * run.count)); } };
  return html`<div class="strip" role="region" aria-label="Calls and faults"><svg height=${y + 4} viewBox=${`0 0 ${total} ${y + 4}`} role="img" aria-label="Calls and faults over steps" onPointerDown=${pick} onPointerMove=${pick}>${ruler}<${PlayHead} total=${total} height=${y} />${lines}</svg></div>`;
}

/** The calls of the passing run as [span, from, to, level]: calls at one time lie on different levels. */
function passingBars(x) {
  const ends = [], bars = [];
  for (const span of [...other.spans].sort((p, q) => p[4] - q[4]).slice(0, 300)) {
    const [, , , , call, ret] = span;
    if (ret === null || call >= run.count) continue;
    const a = x(Math.max(0, call)) + 1, b = Math.max(a + 3, x(Math.min(ret + 1, run.count)) - 1), free = ends.findIndex((end) => end <= a);
    const level = free >= 0 ? free : ends.length;
    ends[level] = b + 2;
    bars.push([span, a, b, level]);
  }
  return bars;
}

/** Where each operation of a legal order takes effect: as early as the order and its call allow. */
function linearized() {
  const found = new Map();
  let at = 0;
  verdict.order.forEach((id, n) => {
    const span = run.spans.find((s) => s[0] === id);
    if (span) { at = Math.max(at, span[4]); found.set(id, [at, n + 1]); }
  });
  return found;
}

const PlayHead = ({ total, height }) => html`<path class="head-line" d=${`M${stripX(selected.value + 0.5, total)} 12V${height}`} />`;

// ---- rows ----------------------------------------------------------------------------------------

function Names() {
  return html`<div class="names">${run.nodes.map((name, n) => html`<button title=${`${name}: show its rows alone`} style=${{ left: `${laneX(n) - pitch.value / 2}px`, width: `${pitch.value}px` }} onClick=${() => (filter.value = filter.value === `node:${name}` ? "" : `node:${name}`)}><b>${name}</b><small>${run.role(n, selected.value) || (run.clients.includes(n) ? "client" : "")}</small></button>`)}</div>`;
}

function Rows() {
  const box = useRef(null);
  useEffect(() => {
    scroller = box.current;
    const measure = () => (view.value = { top: scroller.scrollTop, height: scroller.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(scroller);
    scroller.addEventListener("scroll", measure, { passive: true });
    measure();
    go(selected.value);
    scroller.focus({ preventScroll: true });
    return () => observer.disconnect();
  }, []);
  return html`<div class="scroll" ref=${box} tabindex="0" role="listbox" aria-label="Steps of the run" aria-activedescendant=${`s${selected.value}`}><${Window} /></div>`;
}

function Window() {
  const { starts, sizes } = rows.value, { top, height } = view.value;
  const all = isPrinting.value, first = all ? 0 : Math.max(0, Math.floor(top / ROW) - 6);
  const last = all ? Math.min(starts.length, 1500) - 1 : Math.min(starts.length - 1, Math.ceil((top + height) / ROW) + 6);
  const drawn = [];
  for (let r = first; r <= last; r++) drawn.push(sizes[r] ? fold(r, starts[r], sizes[r]) : row(r, starts[r]));
  return html`<div class="rows" style=${{ height: `${starts.length * ROW + 8}px` }}>${drawn}<${Drawing} first=${first} last=${last} /></div>`;
}

function row(r, k) {
  const kept = mask.value, is = selected.value === k;
  const classes = ["row", is && "selected", k === wrongStep && "wrong", kept && !kept[k] && "dim"].filter(Boolean).join(" ");
  const differs = isCompared.value && aligned, same = differs ? aligned.same[k] : -1;
  const mark = differs && k === aligned.first ? "≠" : needs.get(k)?.[1] || (run.faultSet.has(k) ? "⚡" : "");
  return html`<div class=${classes} role="option" id=${`s${k}`} key=${`s${k}`} aria-selected=${is} aria-posinset=${k + 1} aria-setsize=${run.count} style=${{ top: `${r * ROW}px` }} onClick=${() => go(k)}>
    <span class="n">${k}</span><span class="mark">${mark}</span><span class="said" style=${{ left: `${saidX.value}px` }}>${differs && html`<span class="same">${same < 0 ? "only here " : same === k ? "= " : `= step ${same} `}</span>`}<${Sentence} of=${run} k=${k} /></span></div>`;
}

function fold(r, from, size) {
  const open = () => { const more = new Set(opened.value); for (let k = from; k < from + Math.min(size, 200); k++) more.add(k); opened.value = more; };
  return html`<div class="row fold" role="option" key=${`f${from}`} aria-selected="false" aria-label=${`${size} steps folded`} style=${{ top: `${r * ROW}px` }} onClick=${open}><span class="n">⋮</span><span class="said" style=${{ left: `${saidX.value}px` }}>… ${size} ${size === 1 ? "step" : "steps"} folded (click opens, u unfolds all)</span></div>`;
}

function arrow(x1, y1, x2, y2, size) {
  const angle = Math.atan2(y2 - y1, x2 - x1), at = (turn) => `${(x2 - size * Math.cos(angle + turn)).toFixed(1)} ${(y2 - size * Math.sin(angle + turn)).toFixed(1)}`;
  return `M${x2} ${y2}L${at(0.42)}L${at(-0.42)}Z`;
}

function Drawing({ first, last }) {
  const { starts, sizes } = rows.value;
  if (!starts.length) return null;
  const kept = mask.value, y0 = first * ROW, tall = (last - first + 1) * ROW + 8;
  const from = starts[first], to = starts[last] + Math.max(1, sizes[last]);
  const y = (k) => (k < 0 ? -30 : k >= run.count ? starts.length * ROW + 8 : rowOf(k) * ROW + ROW / 2) - y0;
  const clamp = (v) => Math.max(-40, Math.min(tall + 40, v));
  const marks = [];
  for (const [kind, nodes, since, until, text] of run.conditions) if (kind === "cut" && since < to && (until ?? run.count) >= from) for (const n of nodes) {
    const a = clamp(y(since)), b = clamp(y(until ?? run.count)), half = Math.min(26, pitch.value / 2 - 2);
    marks.push(html`<rect class="cut" x=${laneX(n) - half} y=${a} width=${2 * half} height=${Math.max(0, b - a)}><title>${text}</title></rect>`);
  }
  for (const [id, client, operation, result, call, ret, crash] of run.spans) {
    const end = ret ?? crash;
    if (call >= to || (end ?? run.count) < from) continue;
    const a = clamp(y(call) - 11), b = clamp(end === null ? y(run.count) : y(end) + 11), x = laneX(client) - 25;
    const bad = verdict.outcome === "broken" && id === verdict.culprits[verdict.culprits.length - 1];
    marks.push(html`<rect class=${`call ${bad ? "wrong" : ret === null ? "open" : ""}`} x=${x} y=${a} width="17" height=${Math.max(0, b - a)} rx="4" />`);
    if (pitch.value > 50) marks.push(html`<text class="small t-strong" text-anchor="middle" transform=${`rotate(-90 ${x + 12} ${(a + b) / 2})`} x=${x + 12} y=${(a + b) / 2}>${clip(`${id} ${operation}${result === null ? "" : ` → ${result}`}`, b - a - 4)}</text>`);
  }
  run.nodes.forEach((_, n) => laneMarks(marks, n, from, to, y, clamp, tall));
  let arrows = 0;
  const seen = new Set();
  const draw = (arc) => { if (y(arc.from) === y(arc.to)) return; if (arc.from < to && (isStub(arc) ? arc.from : arc.to) >= from && !seen.has(arc) && arrows < ARROWS_MAX) { seen.add(arc); arrows++; message(marks, arc, y, kept); } };
  for (let b = Math.max(0, Math.floor(from / BLOCK)); b <= Math.floor(to / BLOCK) && b < run.blocks.length; b++) run.blocks[b].forEach(draw);
  run.long.forEach(draw);
  for (let r = first; r <= last; r++) if (!sizes[r]) dot(marks, starts[r], y, kept);
  return html`<svg style=${{ top: `${y0}px` }} width=${saidX.value - 6} height=${tall} aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" /><path d="M0 0V6" /></pattern></defs>${marks}</svg>`;
}

function laneMarks(marks, n, from, to, y, clamp, tall) {
  const x = laneX(n), stops = [];
  for (const [kind, nodes, since, until] of run.conditions) if (kind !== "cut" && nodes[0] === n && since < to && (until ?? run.count) >= from) stops.push([clamp(y(since)), clamp(y(until ?? run.count)), kind]);
  let at = -10;
  for (const [a, b, kind] of stops.sort((p, q) => p[0] - q[0])) {
    marks.push(html`<path class="lane" d=${`M${x} ${at}V${a}`} /><path class=${`lane ${kind}`} d=${`M${x} ${a}V${b}`} />`);
    at = b;
  }
  marks.push(html`<path class="lane" d=${`M${x} ${at}V${tall}`} />`);
  const holder = found?.trail?.holders.find(([name]) => name === run.nodes[n]);
  if (holder && lens.value === "trail") marks.push(html`<path class="held-lane" d=${`M${x} ${clamp(y(holder[1]))}V${tall}`} />`);
  const roles = run.roles.filter(([node]) => node === n), base = roles[0]?.[1];
  roles.forEach(([, role, since], i) => {
    const until = roles[i + 1]?.[2] ?? run.count;
    if (role === base || since >= to || until < from) return;
    const a = clamp(y(since)), b = clamp(y(until));
    marks.push(html`<path class="role" d=${`M${x + 7} ${a}V${b}`} /><text class="small t-ok t-strong halo" x=${x + 12} y=${a + 4}>${clip(role, pitch.value - 14)}</text>`);
  });
}

/** Whether all that is drawn of a message is that it was sent: it never arrives, and nobody asked. */
const isStub = (arc) => arc.code === 0 && !isUnarrived.value && arc.from !== selected.value;

function stub(marks, x1, y1, x2) {
  const x = x1 + (x1 === x2 ? 0 : Math.sign(x2 - x1) * Math.min(24, Math.abs(x2 - x1) / 2)), y = y1 + (x1 === x2 ? 14 : 7);
  marks.push(html`<path class="message stub" d=${`M${x1} ${y1}L${x} ${y}`} /><circle class="stub-end" cx=${x} cy=${y} r="2.5" />`);
}

function message(marks, arc, y, kept) {
  const { letters } = run, x1 = laneX(letters.src[arc.i]), y1 = y(arc.from), x2 = laneX(letters.dst[arc.i]), y2 = y(arc.to);
  if (isStub(arc)) return stub(marks, x1, y1, x2);
  const lost = arc.code === LOST, flying = arc.code === 0, carries = carrying.has(letters.id[arc.i]) && lens.value === "trail";
  const faded = kept && !(arc.to < run.count && kept[arc.to] && (arc.from < 0 || kept[arc.from]));
  const classes = [lost && "lost", flying && "flying", (arc.code === LATE || arc.code === IGNORED) && "late", carries && "carries", faded && !lost && "faded"].filter(Boolean).join(" ");
  const length = Math.hypot(x2 - x1, y2 - y1) || 1, cut = (lost ? 22 : flying ? 14 : 8) / length, ex = x2 - (x2 - x1) * cut, ey = y2 - (y2 - y1) * cut;
  const self = x1 === x2;
  marks.push(html`<path class=${`message ${classes}`} d=${self ? `M${x1} ${y1}C${x1 + 22} ${y1} ${x1 + 22} ${ey} ${x1 + 5} ${ey}` : `M${x1} ${y1}L${ex.toFixed(1)} ${ey.toFixed(1)}`} />`);
  if (lost) marks.push(html`<path class="cross" d=${`M${ex - 5} ${ey - 5}l10 10M${ex + 5} ${ey - 5}l-10 10`} />`);
  else marks.push(html`<path class=${`head ${classes}`} d=${arrow(self ? x1 + 22 : x1, self ? ey : y1, self ? x1 + 5 : ex, ey, 8)} />`);
  if (faded && !lost) return;
  const where = 0.34 + (arc.i % 4) * 0.07, label = `m${letters.id[arc.i]}${"′".repeat(arc.copy)}`;
  if (pitch.value > 40) marks.push(html`<text class=${`small halo ${lost ? "t-bad" : carries ? "t-value t-strong" : "t-muted"}`} text-anchor="middle" x=${x1 + (x2 - x1) * where + (self ? 20 : 0)} y=${y1 + (y2 - y1) * where - 3}>${label}</text>`);
}

function dot(marks, k, y, kept) {
  const node = run.acts[k];
  if (node < 0) return;
  const x = laneX(node), at = y(k), kind = run.kinds[k];
  if (kind === "crash") marks.push(html`<path class="cross" d=${`M${x - 6} ${at - 6}l12 12M${x + 6} ${at - 6}l-12 12`} />`);
  else if (kind === "restart") marks.push(html`<text class="t-strong" x=${x} y=${at + 5} text-anchor="middle">↻</text>`);
  else marks.push(html`<circle class=${`dot ${k === wrongStep ? "wrong" : ""} ${kept && !kept[k] ? "faded" : ""}`} cx=${x} cy=${at} r=${k === wrongStep ? 7 : 4.6} />`);
  if (k === selected.value) marks.push(html`<circle class="ring" cx=${x} cy=${at} r="10.5" />`);
}

// ---- the panel of one step -----------------------------------------------------------------------

function Panel() {
  const k = selected.value;
  if (!run.count) return html`<aside><section>${run.failure ?? "Nothing was chosen in this run."}</section></aside>`;
  const before = run.state(k - 1), after = run.state(k), delta = run.deltas[k] || [], conditions = run.conditionsAt(k);
  const changed = new Set(), changes = [];
  for (let j = 0; j < delta.length; j += 3) { changed.add(`${delta[j]}.${delta[j + 1]}`); changes.push([delta[j], delta[j + 1], before[delta[j]]?.[delta[j + 1]], delta[j + 2]]); }
  const cause = run.cause(k), effects = run.effects(k), flying = run.flying(k, 40);
  const fields = [...new Set(after.flatMap((s) => Object.keys(s)))].slice(0, 60);
  const groups = [run.nodes.map((_, n) => n).filter((n) => !run.clients.includes(n)), run.clients].filter((g) => g.length);
  return html`<aside aria-label="The selected step" aria-live="polite">
    <section><b>Step ${k}</b> <span class="muted mono">${run.kinds[k]}</span><div><${Sentence} of=${run} k=${k} /></div></section>
    ${k === wrongStep && html`<section class="box">${verdict.summary}</section>`}
    ${needs.get(k) && html`<section><h2>Needed?</h2>${needs.get(k)[1] || "·"} ${needs.get(k)[4]}: ${needs.get(k)[2]} of ${needs.get(k)[3]} other choices pass</section>`}
    <section><h2>Changed by this step <kbd>d</kbd></h2><table>${changes.length ? changes.map(([n, path, old, now]) => html`<tr><td>${run.nodes[n]}.${path}</td><td><span class="gone">${old ?? "—"}</span> → <span class="come">${now ?? "—"}</span></td></tr>`) : html`<tr><td class="muted">no node's state changed</td></tr>`}</table></section>
    ${isDiff.value ? null : groups.map((group) => html`<section class="wide"><h2>${group === run.clients ? "Clients" : "Nodes"} after step ${k}</h2><table><tr><th scope="col">field</th>${group.map((n) => html`<th>${run.nodes[n]}</th>`)}</tr>${fields.filter((f) => group.some((n) => f in after[n])).map((f) => html`<tr><td>${f}</td>${group.map((n) => html`<td class=${changed.has(`${n}.${f}`) ? "changed" : found?.trail && after[n][f] !== undefined && found.trail.what === `${f} ${after[n][f]}` ? "held" : ""}>${after[n][f] ?? ""}</td>`)}</tr>`)}</table></section>`)}
    ${isDiff.value && html`<section><button onClick=${KEYS.d}>all states <kbd>d</kbd></button></section>`}
    ${conditions.length > 0 && html`<section><h2>In force</h2>${conditions.map((c) => html`<div class="fault">${c[4]} <${Step} k=${c[2]} /></div>`)}</section>`}
    ${found?.trail && html`<section><h2>Trail of ${found.trail.what}</h2>${found.trail.holders.map(([name, since]) => html`<div>${name} since ${since < 0 ? "the start" : html`<${Step} k=${since} />`}</div>`)}${found.trail.never.length > 0 && html`<div>never: ${found.trail.never.join(", ")}</div>`}</section>`}
    <section><h2>Causes and effects <kbd>[</kbd> <kbd>]</kbd></h2>
      <div>${cause >= 0 ? html`sent at <${Step} k=${cause} />` : ""} ${run.before[k] >= 0 ? html`after <${Step} k=${run.before[k]} /> of ${run.nodes[run.acts[k]]}` : ""}</div>
      <div>${effects.slice(0, 12).map((e) => html`<${Step} k=${e} /> `)} ${run.after[k] >= 0 ? html`then <${Step} k=${run.after[k]} />` : ""}</div></section>
    <section><h2>In flight</h2><table>${flying.length ? flying.slice(0, 40).map(([i, copies, held]) => html`<tr><td>m${run.letters.id[i]}</td><td>${run.nodes[run.letters.src[i]]} → ${run.nodes[run.letters.dst[i]]} ${run.body(i)}${copies > 1 ? ` ×${copies}` : ""}${held > 0 ? " held back" : ""}</td></tr>`) : html`<tr><td class="muted">none</td></tr>`}</table>${flying.length > 40 ? "… more" : ""}</section>
    ${isCompared.value && other && html`<${Comparison} k=${k} after=${after} />`}
  </aside>`;
}

function Comparison({ k, after }) {
  const at = k < aligned.first ? k : aligned.same[k], theirs = at >= 0 ? other.state(at) : null, differing = [];
  if (theirs) run.nodes.forEach((name, n) => { for (const f of new Set([...Object.keys(after[n]), ...Object.keys(theirs[n] ?? {})])) if (after[n][f] !== theirs[n]?.[f]) differing.push([`${name}.${f}`, after[n][f], theirs[n]?.[f]]); });
  return html`<section><h2>Compared with ${data.other.label}</h2>
    <div>first difference: ${aligned.first < run.count ? html`<${Step} k=${aligned.first} />` : "none"} ${aligned.first < other.count && html`<span class="ok">there: ${other.text(aligned.first)}</span>`}</div>
    <div>${at < 0 ? "this step is only in this run" : html`there it is step ${at}: <${Sentence} of=${other} k=${at} />`}</div>
    ${theirs && html`<table><tr><th scope="col">field</th><th>here</th><th>there</th></tr>${differing.length ? differing.slice(0, 40).map(([path, a, b]) => html`<tr><td>${path}</td><td>${a ?? "—"}</td><td class="ok">${b ?? "—"}</td></tr>`) : html`<tr><td class="muted">equal states</td></tr>`}</table>`}
    <h2>There, from the first difference on</h2>${Array.from({ length: Math.min(12, Math.max(0, other.count - aligned.first)) }, (_, j) => html`<div><span class="mono muted">${aligned.first + j}</span> <${Sentence} of=${other} k=${aligned.first + j} /></div>`)}</section>`;
}

// ---- dialogs and the frame -----------------------------------------------------------------------

const HELP = [["← →", "previous, next row"], ["↑ ↓", "previous, next step of the same node"], ["[ ]", "to the cause, to the effect"], ["m", "other end of the message"], ["o", "start or end of the call"], ["f F", "next, previous fault"], ["v", "the violation"], ["Home End", "first, last step"], ["1–5", "lenses: rests on, past, future, trail, needed"], ["u", "fold or unfold"], ["/", "filter: node:r1 op:o3 kind:lose type:query changed:r1.value words"], ["d", "changes or whole states"], ["i", "messages that never arrive: as stubs, or in full"], ["p", "compare with the other run"], ["t", "the run as text"], ["y", "copy a link to this step"], ["e", "exports"], ["h", "hide or show what stands around the steps"], ["?", "these keys"]];

function Dialog() {
  const box = useRef(null), which = dialog.value;
  useEffect(() => { if (which && !box.current.open) box.current.showModal(); }, [which]);
  const file = (data.replay ?? "counterpoint replay FILE").split(" ").pop();
  const content = { "": null,
    keys: html`<h2>Keys</h2><table>${HELP.map(([key, text]) => html`<tr><td><kbd>${key}</kbd></td><td>${text}</td></tr>`)}</table>`,
    text: html`<h2>The run as text</h2><pre>${which === "text" ? run.sentences.slice(0, TEXT_MAX).map((_, k) => `${String(k).padStart(5)}  ${run.text(k)}`).join("\n") : ""}${run.count > TEXT_MAX ? `\n… ${run.count - TEXT_MAX} more` : ""}</pre>`,
    export: html`<h2>Exports</h2><pre>${["shiviz", "itf", "edn", "mermaid", "dot", "perfetto", "python"].map((to) => `counterpoint export ${file} --to ${to}`).join("\n")}</pre>` }[which];
  return html`<dialog ref=${box} aria-label=${which} onClose=${() => { dialog.value = ""; scroller?.focus(); }}>${content}<p><button onClick=${() => box.current.close()}>close</button></p></dialog>`;
}

const Bar = () => html`<div class="bar" role="search" aria-label="Highlight and filter"><b>Highlight</b>${LENSES.map(([name, text], i) => html`<button aria-pressed=${lens.value === name} disabled=${(name === "trail" && !found?.trail) || (name === "needed" && !needs.size) || (name === "support" && !supportSet.size)} onClick=${() => toggleLens(name)}>${text} <kbd>${i + 1}</kbd></button>`)}
  <label for="filter">Filter</label><input id="filter" placeholder="node:r1  kind:lose  words" value=${filter.value} onInput=${(event) => (filter.value = event.currentTarget.value)} />
  <button aria-pressed=${isUnarrived.value} disabled=${!run.arcs.some((arc) => arc.code === 0)} onClick=${KEYS.i}>never arrived <kbd>i</kbd></button>
  <button aria-pressed=${isFolded.value} onClick=${KEYS.u}>fold <kbd>u</kbd></button><span class="grow"></span><span role="status">${said.value}</span></div>`;

const Footer = () => html`<footer><span><kbd>←</kbd> <kbd>→</kbd> step</span><span><kbd>[</kbd> <kbd>]</kbd> cause, effect</span><span><kbd>m</kbd> message</span><span><kbd>v</kbd> violation</span><span><kbd>f</kbd> fault</span><span><kbd>p</kbd> compare</span><span><kbd>t</kbd> as text</span><span class="mono">${link()}</span></footer>`;

const App = () => html`<${Header} /><${Verdict} /><${Strip} /><${Bar} /><main><div class="lanes"><${Names} /><${Rows} /></div><${Panel} /></main><${Footer} /><${Dialog} />`;

if (!run) {
  const text = document.createElement("p");
  text.className = "error";
  text.textContent = `This file is damaged: its trace cannot be unpacked (${data.error}). Make it again with: counterpoint view FILE`;
  app.append(text);
  document.documentElement.dataset.ready = "no";
} else {
  readLink();
  render(html`<${App} />`, app);
  addEventListener("keydown", onKey);
  addEventListener("hashchange", readLink);
  addEventListener("resize", () => (width.value = document.documentElement.clientWidth));
  little.addEventListener("change", () => (isBrief.value = little.matches));
  effect(() => app.classList.toggle("brief", isBrief.value));
  addEventListener("beforeprint", () => (isPrinting.value = true));
  addEventListener("afterprint", () => (isPrinting.value = false));
  effect(() => { const to = link(); if (location.hash !== to) history.replaceState(null, "", to); });
  document.documentElement.dataset.ready = "yes";
}
