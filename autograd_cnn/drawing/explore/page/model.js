// The document as a tree of nodes, and which values run between which of them.
const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const t = (key, ...args) => WORDS[key].replace(/\{(\d)\}/g, (_, i) => args[i]);
const TEXTS = DATA.texts, OPERATIONS = DATA.operations;
for (const d of [...DATA.nodes, DATA.root || {}]) {
  d.role = d.role || "op";
  if (d.args !== undefined) d.args = TEXTS[d.args];
  if (d.op) { d.family = OPERATIONS[d.op].family; d.does = d.does ?? OPERATIONS[d.op].label; }
  for (const kept of d.keeps || []) kept[0] = TEXTS[kept[0]];
}
const ROOT = {id: -1, d: {name: DATA.title, ...DATA.root, role: "module"}, parent: null, children: [], depth: -1, open: true};
const NODES = DATA.nodes.map((d, id) => ({id, d, parent: null, children: [], depth: 0, open: !!d.open}));
const VALUES = DATA.values.map((d, id) => ({id, d, from: null, to: []}));
const NETS = new Map();  // for each node that can be opened: how values run within it

for (const n of NODES) {
  n.parent = n.d.in === undefined ? ROOT : NODES[n.d.in];
  n.depth = n.parent.depth + 1;
  n.parent.children.push(n);
  for (const v of n.d.gives || []) VALUES[v].from = n;
  for (const v of [...n.d.takes || [], ...n.d.before || []]) if (!VALUES[v].to.includes(n)) VALUES[v].to.push(n);
}
const opens = n => n.children.length > 0;
const isOpen = n => n.open && opens(n);
const isWithin = (n, outer) => { for (; n; n = n.parent) if (n === outer) return true; return false; };
const title = n => n.d.label || n.d.name || n.d.kind;

function pathOf(n) {
  if (n === ROOT) return "";
  const before = pathOf(n.parent);
  if (n.d.role === "deck") return before;
  return before && n.d.name ? before + "." + n.d.name : before || n.d.name;
}

// What a node holds altogether. Those within come later in the list, so it is read backwards.
for (const n of [...NODES].reverse().concat(ROOT)) {
  n.weights = new Set();
  n.count = n.kept = n.cost = n.took = 0;
  if (n.d.role === "op") {
    n.count = 1;
    n.cost = n.d.cost || 0;
    n.took = n.d.took || 0;
    n.kept = (n.d.keeps || []).reduce((sum, [, bytes, by]) => sum + (by === undefined ? bytes : 0), 0);
    for (const v of n.d.takes) if (VALUES[v].d.role === "parameter") n.weights.add(v);
  }
  for (const c of n.children) {
    n.count += c.count; n.kept += c.kept; n.cost += c.cost; n.took += c.took;
    for (const v of c.weights) n.weights.add(v);
  }
}
// A bare array that is kept twice by one operation counts once, as the first time it is named.
const sizeOf = v => (VALUES[v].d.shape || []).reduce((a, b) => a * b, 1);
const parametersOf = n => [...n.weights].reduce((sum, v) => sum + sizeOf(v), 0);

(function findNets() {
  for (const v of VALUES) {
    if (!v.from) continue;
    const per = new Map();
    const touch = (leaf, source) => {
      for (let c = leaf; c !== ROOT; c = c.parent) {
        let net = per.get(c.parent);
        if (!net) per.set(c.parent, net = {v: v.id, source: null, sinks: new Set(), met: 0, out: false});
        if (source) net.source = c; else { net.sinks.add(c); net.met++; }
      }
    };
    touch(v.from, true);
    for (const n of v.to) touch(n, false);
    for (const [frame, net] of per) {
      net.sinks.delete(net.source);
      net.out = net.source !== null && net.met < v.to.length;
      if (!net.sinks.size && !net.out) continue;
      net.sinks = [...net.sinks].sort((a, b) => a.id - b.id);
      if (!NETS.has(frame)) NETS.set(frame, []);
      NETS.get(frame).push(net);
    }
  }
})();

// The values that leave a node, or that it is.
function resultsOf(n) {
  if (n.d.role === "op" || n.d.role === "input") {
    const used = n.d.gives.filter(v => VALUES[v].to.length);
    return used.length ? used : n.d.gives.slice(0, 1);
  }
  if (n.d.role === "output" || n.d.role === "failure") return n.d.takes;
  if (n.results === undefined) {
    const inside = new Set();
    (function walk(m) { for (const v of m.d.gives || []) inside.add(v); m.children.forEach(walk); })(n);
    n.results = [...inside].filter(v => VALUES[v].to.some(m => !isWithin(m, n)));
  }
  return n.results;
}

// The norm over several gradients together: {state, norm}, or null where none is known.
function joint(ids) {
  const known = [...ids].map(v => VALUES[v].d.grad).filter(g => g !== undefined);
  if (!known.length) return null;
  if (known.includes("nan")) return {state: "nan", norm: NaN};
  const numbers = known.filter(g => g !== "missing");
  if (!numbers.length) return {state: "missing", norm: NaN};
  const norm = Math.hypot(...numbers);
  return {state: norm ? "flows" : "zero", norm};
}
function normOfWeights(n) {
  const found = [...n.weights].map(v => (VALUES[v].d.stats || [])[4] ?? (typeof VALUES[v].d.is === "number" ? Math.abs(VALUES[v].d.is) : null));
  return found.length && !found.includes(null) ? Math.hypot(...found) : null;
}

// How many times the second's is of the first's: the further from 1, the darker.
function ratio(kind) {
  const of = n => n.d.change && n.d.change.ratios ? n.d.change.ratios[kind] ?? null : null;
  return {has: () => NODES.some(n => of(n) !== null), of, say: x => "\u00d7" + digits(x), far: x => Math.abs(Math.log(Math.max(x, 1e-6)))};
}
// What can be coloured: a number for each node, larger is darker; null where there is none.
const METRICS = {
  time: {has: () => DATA.timed, of: n => n.took || null, say: x => seconds(x)},
  "multiply-adds": {has: () => ROOT.cost > 0, of: n => n.cost || null, say: x => count(x)},
  bytes: {has: () => ROOT.kept > 0, of: n => n.kept || null, say: x => memory(x)},
  "weights' gradient": {
    has: () => DATA.backward && ROOT.weights.size > 0,
    of: n => { const g = joint(n.weights), w = normOfWeights(n); return g && w && isFinite(g.norm) ? g.norm / w : null; },
    say: x => norm(x),
  },
  dead: {
    has: () => VALUES.some(v => v.d.dead !== undefined),
    of: n => {
      const found = n.d.role === "op" && n.d.family === "activation" ? n.d.gives : [];
      let most = null;
      const see = m => { if (m.d.role === "op" && m.d.family === "activation") for (const v of m.d.gives) if (VALUES[v].d.dead !== undefined) most = Math.max(most ?? 0, VALUES[v].d.dead); };
      if (found.length) see(n); else if (opens(n)) (function walk(m) { see(m); m.children.forEach(walk); })(n);
      return most;
    },
    say: x => percent(x), linear: true,
  },
  change: {has: () => DATA.compared !== undefined, of: n => n.d.change && n.d.change.status ? t("change " + n.d.change.status) : null, say: x => x},
  "ratio of gradients": ratio("gradient"),
  "ratio of weights": ratio("weights"),
  own: {has: () => NODES.some(n => n.d.color !== undefined), of: n => n.d.color ?? null, say: x => typeof x === "number" ? digits(x) : x},
};
