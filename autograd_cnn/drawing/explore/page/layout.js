// Where everything stands. What is open is laid out by itself and then is one box in what surrounds it: ranks by the longest path, order by
// barycentres, places by least squares. A value that leaves or enters an open box does so at a port of its border. A layout is kept until
// something within is opened or closed.   [Sugiyama, Tagawa and Toda, IEEE Trans. Syst. Man Cybern. 11 (1981) 109]
const GAP = {row: 34, box: 26, lane: 12, side: 16, head: 32, foot: 14};
const SWEEPS = 8;

function forgetLayout(n) { for (; n; n = n.parent) n.layout = null; }
function forgetAll() { NODES.forEach(n => { n.layout = null; n.size = null; }); ROOT.layout = null; }

function layoutOf(f) { return f.layout || (f.layout = new Level(f).result()); }

class Level {
  constructor(f) {
    this.f = f;
    this.items = f.children.map(n => {
      const inner = isOpen(n) ? layoutOf(n) : null, size = inner || cardSize(n);
      return {n, inner, w: size.w, h: size.h, rank: 0, x: 0, y: 0, up: [], down: [], lane: false};
    });
    // Closed boxes are equally wide, so that what stands in a row with them runs straight past each.
    const alike = this.items.filter(e => !e.inner && !standsAlone(e.n) && e.n.d.role !== "failure"), wide = Math.max(0, ...alike.map(e => e.w));
    for (const e of alike) e.w = wide;
    this.home = new Map(this.items.map(e => [e.n, e]));
    this.nets = this.grouped();
    this.rank();
    this.connect();
    this.order();
    this.place();
  }

  // Values that go the same way between closed boxes are one line.
  grouped() {
    const found = [], known = new Map();
    for (const net of NETS.get(this.f) || []) {
      const plain = (!net.source || !isOpen(net.source)) && !net.sinks.some(isOpen);
      const key = plain && `${net.source ? net.source.id : "in"}>${net.sinks.map(s => s.id)}${net.out ? ">out" : ""}`;
      const same = plain && known.get(key);
      if (same) { same.values.push(net.v); continue; }
      const made = {values: [net.v], source: net.source && this.home.get(net.source), sinks: net.sinks.map(s => this.home.get(s)), out: net.out};
      if (plain) known.set(key, made);
      found.push(made);
    }
    return found;
  }

  rank() {
    const from = new Map();
    for (const net of this.nets) if (net.source) from.set(net.source, [...(from.get(net.source) || []), net]);
    for (const e of this.items)
      for (const net of from.get(e) || []) for (const s of net.sinks) s.rank = Math.max(s.rank, e.rank + 1);
    const fed = new Set(this.nets.flatMap(net => net.sinks));
    for (const e of [...this.items].reverse()) {  // what begins here stands right above what takes it first
      const next = (from.get(e) || []).flatMap(net => net.sinks.map(s => s.rank));
      if (!fed.has(e) && next.length) e.rank = Math.min(...next) - 1;
    }
    this.last = this.items.reduce((most, e) => Math.max(most, e.rank), 0) + 1;
    for (const e of this.items) e.rank++;  // rank 0 are the ports at the top
  }

  // Rows of boxes with a lane for each value that passes; the links between neighbouring rows.
  connect() {
    this.rows = Array.from({length: this.last + 2}, () => []);
    for (const e of this.items) this.rows[e.rank].push(e);
    this.links = [];
    const lane = (rank, port) => {
      const e = {w: 6, h: 0, rank, x: 0, y: 0, up: [], down: [], lane: true, port};
      this.rows[rank].push(e);
      return e;
    };
    const link = (a, b, net) => {
      const made = {a, b, net, outX: 0, inX: 0};
      if (a.inner) made.outX = (a.inner.outs.get(net.values[0]) ?? a.w / 2) - a.w / 2;
      if (b.inner) made.inX = (b.inner.ins.get(net.values[0]) ?? b.w / 2) - b.w / 2;
      made.weight = a.lane && b.lane ? 8 : a.lane || b.lane ? 2 : 1;
      a.down.push(made);
      b.up.push(made);
      this.links.push(made);
    };
    for (const net of this.nets) {
      let carrier = net.source || lane(0, "in");
      if (!net.source) net.entry = carrier;
      const end = net.out ? this.last + 1 : Math.max(...net.sinks.map(s => s.rank));
      const at = new Map();
      for (const s of net.sinks) at.set(s.rank, [...(at.get(s.rank) || []), s]);
      for (let r = carrier.rank + 1; r <= end; r++) {
        for (const s of at.get(r) || []) link(carrier, s, net);
        if (r < end || net.out) {
          const next = lane(r, r === this.last + 1 ? "out" : null);
          link(carrier, next, net);
          carrier = next;
        }
      }
      if (net.out) net.exit = carrier;
    }
  }

  order() {
    const number = row => row.forEach((e, i) => { e.at = i; });
    this.rows.forEach(number);
    if (this.rows.every(row => row.length < 2)) return;
    let best = this.rows.map(row => [...row]), fewest = this.crossings();
    for (let sweep = 0; sweep < SWEEPS && fewest; sweep++) {
      const down = sweep % 2 === 0, rows = down ? this.rows : [...this.rows].reverse();
      for (const row of rows) {
        for (const e of row) {
          const near = down ? e.up : e.down;
          e.key = near.length ? near.reduce((s, l) => s + (down ? l.a.at + l.outX / (l.a.w + 1) : l.b.at + l.inX / (l.b.w + 1)), 0) / near.length : e.at;
        }
        row.sort((a, b) => a.key - b.key || a.at - b.at);
        number(row);
      }
      const now = this.crossings();
      if (now < fewest) { fewest = now; best = this.rows.map(row => [...row]); }
    }
    this.rows = best;
    this.rows.forEach(number);
  }

  // Pairs of links between neighbouring rows that cross, counted with a tree of sums.
  crossings() {
    let total = 0;
    for (const row of this.rows) {
      const ends = row.flatMap(e => e.down.map(l => [e.at + l.outX / (e.w + 1), l.b.at + l.inX / (l.b.w + 1)]));
      if (ends.length < 2) continue;
      ends.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
      const places = [...new Set(ends.map(p => p[1]))].sort((a, b) => a - b), index = new Map(places.map((p, i) => [p, i + 1]));
      const tree = new Array(places.length + 1).fill(0);
      ends.forEach(([, b], seen) => {
        let before = 0;
        for (let i = index.get(b); i > 0; i -= i & -i) before += tree[i];
        total += seen - before;
        for (let i = index.get(b); i < tree.length; i += i & -i) tree[i]++;
      });
    }
    return total;
  }

  place() {
    for (const row of this.rows) {
      let x = 0;
      row.forEach((e, i) => { x += e.w / 2 + (i ? row[i - 1].w / 2 + this.gap(row[i - 1], e) : 0); e.x = x; });
      const middle = row.length ? (row[0].x + row[row.length - 1].x) / 2 : 0;
      row.forEach(e => { e.x -= middle; });
    }
    const simple = this.rows.every(row => row.length < 2) && this.links.every(l => l.inX === 0 && l.outX === 0);
    for (let sweep = 0; sweep < (simple ? 0 : 11); sweep++) {
      const down = sweep % 2 === 0;
      for (const row of down ? this.rows : [...this.rows].reverse()) this.settle(row, down);
    }
    let y = this.f === ROOT ? 0 : GAP.head;
    this.tops = []; this.bottoms = [];
    this.rows.forEach((row, r) => {
      const port = r === 0 || r === this.last + 1;
      const h = row.reduce((most, e) => Math.max(most, e.h), 0);
      if (r === 0) { this.tops.push(0); this.bottoms.push(0); return; }
      if (r === this.last + 1) y += GAP.foot - GAP.row;
      this.tops.push(y); this.bottoms.push(y + h);
      for (const e of row) e.y = e.lane ? y : y + (h - e.h) / 2;
      y += h + (port ? 0 : GAP.row);
    });
    this.height = y;
  }

  gap(a, b) { return a.lane && b.lane ? GAP.lane : a.lane || b.lane ? GAP.lane + 6 : GAP.box; }

  // The places in a row that are nearest to where their neighbours want them: neighbours that push each other become one block.
  settle(row, down) {
    const blocks = [];
    let shift = 0;
    row.forEach((e, i) => {
      if (i) shift += row[i - 1].w / 2 + this.gap(row[i - 1], e) + e.w / 2;
      let sum = 0, weight = 0;
      const pull = (l, x) => { sum += x * l.weight; weight += l.weight; };
      if (down) for (const l of e.up) pull(l, l.a.x + l.outX - l.inX);
      else for (const l of e.down) pull(l, l.b.x + l.inX - l.outX);
      const wish = weight ? sum / weight : e.x;
      let block = {sum: (wish - shift) * (e.lane ? 4 : 1), weight: e.lane ? 4 : 1, from: i};
      while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].weight > block.sum / block.weight) {
        const before = blocks.pop();
        block = {sum: before.sum + block.sum, weight: before.weight + block.weight, from: before.from};
      }
      blocks.push(block);
      e.shift = shift;
    });
    blocks.forEach((b, k) => {
      const end = k + 1 < blocks.length ? blocks[k + 1].from : row.length;
      for (let i = b.from; i < end; i++) row[i].x = b.sum / b.weight + row[i].shift;
    });
  }

  // Lines that meet a closed box are spread over its side, in the order in which they come.
  spread() {
    for (const e of this.items) {
      if (e.inner) continue;
      const nets = new Map();
      for (const l of e.down) nets.set(l.net, [...(nets.get(l.net) || []), l]);
      const outs = [...nets.values()].sort((p, q) => p[0].b.x - q[0].b.x);
      const step = n => Math.min(16, (e.w - 28) / Math.max(1, n));
      outs.forEach((group, i) => group.forEach(l => { l.outX = (i - (outs.length - 1) / 2) * step(outs.length); }));
      const ins = [...e.up].sort((p, q) => p.a.x + p.outX - q.a.x - q.outX);
      ins.forEach((l, i) => { l.inX = (i - (ins.length - 1) / 2) * step(ins.length); });
    }
  }

  result() {
    this.spread();
    const all = this.rows.flat(), framed = this.f !== ROOT;
    let low = Math.min(...all.map(e => e.x - e.w / 2)), high = Math.max(...all.map(e => e.x + e.w / 2));
    if (!all.length) low = high = 0;
    const side = framed ? GAP.side : 0;
    const w = Math.max(high - low + 2 * side, framed ? headWidth(this.f) : 0);
    const dx = (w - (high - low)) / 2 - low;
    for (const e of all) e.x += dx;
    const h = this.height;
    const lines = new Map(this.nets.map(net => [net, []]));
    for (const l of this.links) {
      const x0 = l.a.x + l.outX, x1 = l.b.x + l.inX, a = l.a, b = l.b;
      const y0 = a.port === "in" ? 0 : a.lane ? this.bottoms[a.rank] : a.y + a.h;
      const y1 = b.port === "out" ? h : b.lane ? this.bottoms[b.rank] : b.y;
      const turn0 = a.port === "in" ? GAP.head - 20 : this.bottoms[a.rank], turn1 = b.port === "out" ? h - 4 : this.tops[b.rank];
      lines.get(l.net).push([x0, y0, turn0, x1, turn1, y1, b.lane ? 0 : b.inner ? 1 : 2]);
    }
    const ins = new Map(), outs = new Map();
    for (const net of this.nets) for (const v of net.values) {
      if (net.entry) ins.set(v, net.entry.x);
      if (net.exit) outs.set(v, net.exit.x);
    }
    const edges = this.nets.map(net => ({
      key: `${this.f.id}:${net.values[0]}:${net.source ? net.source.n.id : "in"}`,
      values: net.values, source: net.source && net.source.n, sinks: net.sinks.map(s => s.n), lines: lines.get(net),
    }));
    return {w, h, items: this.items.map(e => ({n: e.n, x: e.x - e.w / 2, y: e.y, w: e.w, h: e.h})), edges, ins, outs};
  }
}

// All that is shown, in one system of coordinates: boxes by node, and lines.
function picture() {
  const boxes = new Map(), edges = [];
  (function put(f, dx, dy) {
    const level = layoutOf(f);
    for (const e of level.edges)
      edges.push({...e, lines: e.lines.map(([x0, y0, a, x1, b, y1, end]) => [x0 + dx, y0 + dy, a + dy, x1 + dx, b + dy, y1 + dy, end])});
    for (const i of level.items) {
      boxes.set(i.n, {x: i.x + dx, y: i.y + dy, w: i.w, h: i.h});
      if (isOpen(i.n)) put(i.n, i.x + dx, i.y + dy);
    }
  })(ROOT, 0, 0);
  const whole = layoutOf(ROOT);
  return {boxes, edges, w: whole.w, h: whole.h};
}
