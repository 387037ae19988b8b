// The side panel: all that is known of the selected node.
// A drawing entry by entry: unpacked when it is asked for, in a shadow, so that its styles are its own; light or dark as the page is.
const DIALOG = document.getElementById("figure");
async function drawn(k, host) {
  const packed = Uint8Array.from(atob(DATA.figures[k]), c => c.charCodeAt(0));
  const source = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const dark = hex("paper") !== "#ffffff";
  (host.shadowRoot || host.attachShadow({mode: "open"})).innerHTML = source.slice(source.indexOf("<svg")).replaceAll("(prefers-color-scheme:dark)", dark ? "all" : "not all");
  const svg = host.shadowRoot.firstChild;
  svg.style.cssText = "display:block;max-width:100%;height:auto";
  return svg;
}
async function enlarge(k) {
  const svg = await drawn(k, DIALOG.querySelector(".picture-of"));
  svg.style.maxWidth = "none";
  DIALOG.showModal();
}
const PANEL = document.getElementById("panel"), CRUMBS = document.getElementById("crumbs"), LIVE = document.getElementById("live");
const announce = said => { LIVE.textContent = ""; requestAnimationFrame(() => { LIVE.textContent = said; }); };
const row = (key, value) => value === "" || value === null || value === undefined ? "" : `<dt>${escaped(key)}</dt><dd>${value}</dd>`;
const section = (name, inner) => inner ? `<section><h3>${escaped(name)}</h3>${inner}</section>` : "";
const list = inner => inner ? `<dl>${inner}</dl>` : "";
const jump = (n, said) => `<button type="button" class="jump" data-n="${n.id}">${escaped(said ?? (pathOf(n) || title(n)))}</button>`;
const dtypeOf = v => VALUES[v].d.dtype || (VALUES[v].d.shape ? DATA.dtype : "");
const bytesOf = v => { const m = /(\d+)$/.exec(dtypeOf(v)); return VALUES[v].d.shape && m ? sizeOf(v) * Number(m[1]) / 8 : 0; };

// What a screen reader says of a node.
function spoken(n) {
  const parts = [title(n), n.d.kind && n.d.kind !== title(n) ? n.d.kind : t("role " + n.d.role)];
  if (n.d.copies) parts.push("\u00d7" + n.d.copies);
  if (n.d.role === "failure") return [...parts, n.d.message].join(", ");
  if (status(n)) parts.push(t("change " + status(n)));
  if (opens(n)) parts.push(operations(n.count));
  if (n.weights.size) parts.push(parameters(parametersOf(n)));
  if (shapes(n)) parts.push(t("gives", shapes(n)));
  const g = DATA.backward ? joint(resultsOf(n)) : null;
  if (g) parts.push(t("gradient norm", gradient(g)));
  return parts.filter(Boolean).join(", ");
}

function bars(v) {
  const {bars, stats} = VALUES[v].d;
  if (!bars) return "";
  const w = 9, h = 44, heights = [...bars].map(c => parseInt(c, 36) / 35);
  const inner = heights.map((s, i) => s ? rect(i * w, h - Math.max(1, s * h), w - 1, Math.max(1, s * h), "bin") : "").join("");
  const zero = stats[0] < 0 && stats[1] > 0 ? `<path class="zero" d="M${(-stats[0] / (stats[1] - stats[0])) * heights.length * w} 0v${h}"/>` : "";
  return `<svg class="histogram" viewBox="0 0 ${heights.length * w} ${h}" preserveAspectRatio="none" role="img" aria-label="${escaped(t("histogram from", digits(stats[0]), digits(stats[1])))}">${inner}${zero}</svg><div class="ends"><span>${digits(stats[0])}</span><span>${digits(stats[1])}</span></div>`;
}

function valueBlock(v, name) {
  const d = VALUES[v].d, s = d.stats;
  const g = d.grad === undefined ? null : d.grad === "missing" ? t("missing") : d.grad === "nan" ? "NaN" : norm(d.grad);
  let inner = row(t("shape"), escaped(shapeOf(v))) + row(t("dtype"), escaped(dtypeOf(v))) + row(t("bytes"), bytesOf(v) ? memory(bytesOf(v)) : "");
  inner += row("\u2016\u2202\u2016", d.frozen ? t("frozen") : g);
  if (s) {
    const [least, most, mean, deviation, size, zeros, nan, infinite] = s;
    if (least !== null) inner += row(t("range"), `${digits(least)} \u2026 ${digits(most)}`) + row(t("mean, deviation"), `${digits(mean)} \u00b1 ${digits(deviation)}`);
    if (size !== null) inner += row(t("norm of it"), norm(size));
    inner += row(t("zeros"), percent(zeros, zeros > 0 && zeros < 0.1 ? 1 : 0)) + row("NaN", nan ? bad(percent(nan, nan < 0.1 ? 2 : 0)) : "") + row("\u221e", infinite ? bad(percent(infinite, infinite < 0.1 ? 2 : 0)) : "");
    if (d.dead !== undefined) inner += row(t("dead"), percent(d.dead));
  }
  return `<div class="value"><h4>${escaped(name)}</h4>${list(inner)}${bars(v)}${entriesTable(v)}</div>`;
}
// Every entry of a small array, its gradient below it.
function entriesTable(v) {
  const {entries, grads, shape} = VALUES[v].d;
  if (!entries && !grads) return "";
  const width = shape[shape.length - 1] > 8 && shape.length === 1 ? 8 : shape[shape.length - 1], lines = [];
  const said = e => typeof e === "string" ? bad(e) : digits(e);
  for (let i = 0; i < (entries || grads).length; i += width) {
    const cells = [];
    for (let k = i; k < Math.min(i + width, (entries || grads).length); k++) cells.push(`<td>${entries ? said(entries[k]) : ""}${grads ? `<span class="grad">${said(grads[k])}</span>` : ""}</td>`);
    lines.push(`<tr>${cells.join("")}</tr>`);
  }
  return `<div class="entries"><table><caption>${escaped(t(grads ? "entries and gradients" : "entries"))}</caption>${lines.join("")}</table></div>`;
}
const bad = said => `<b class="bad">${escaped(said)}</b>`;

const frozenOf = n => [...n.weights].filter(v => VALUES[v].d.frozen).reduce((sum, v) => sum + sizeOf(v), 0);
function keptBlock(n) {
  return (n.d.keeps || []).map(([name, bytes, by]) => row(name, escaped(memory(bytes)) + (by === undefined ? "" : `<br>${escaped(t("shared with"))} ${by < 0 ? escaped(t("a parameter")) : jump(NODES[by])}`))).join("");
}

function changeBlock(n) {
  const c = n.d.change;
  if (!c) return "";
  const was = Object.entries(c.was || {}).map(([k, v]) => row(t("was " + k), escaped(typeof v === "number" ? count(v) : v || "\u2013"))).join("");
  const ratios = Object.entries(c.ratios || {}).map(([k, v]) => row(t("ratio " + k), v === null ? "\u221e" : "\u00d7" + digits(v))).join("");
  return (c.status ? `<p><b>${escaped((SIGNS[c.status] || "") + t("change " + c.status))}</b></p>` : "") + list(was + ratios);
}
function about(n) {
  if (!n) {
    return `<h2>${escaped(DATA.title)}</h2><p>${escaped(DATA.subtitle)}</p>`
      + (ROOT.d.args ? `<p class="mono">${escaped(ROOT.d.args)}</p>` : "")
      + list(row(t("operations in all"), count(ROOT.count)) + row(t("parameters in all"), count(parametersOf(ROOT))) + row(t("multiply-adds"), ROOT.cost ? count(ROOT.cost) : "") + row(t("kept"), ROOT.kept ? memory(ROOT.kept) : "") + row(t("time"), ROOT.took ? seconds(ROOT.took) : ""))
      + `<p class="hint">${escaped(t("pick one"))}</p>`;
  }
  const d = n.d, at = d.place === undefined ? null : DATA.places[d.place];
  let out = `<h2>${escaped(title(n))}</h2><p class="path">${escaped(pathOf(n))}</p>`;
  out += `<p><b>${escaped(d.kind || t("role " + d.role))}</b>${d.does && d.does !== d.kind ? " \u00b7 " + escaped(d.does) : ""}${d.copies ? " \u00d7" + d.copies : ""}</p>`;
  if (d.args) out += `<p class="mono">${escaped(d.args)}</p>`;
  if (d.role === "failure") out += section(t("failed"), list(row(t("expected"), escaped(d.expected || "")) + row(t("came"), escaped(d.came || "")) + row(t("hint"), escaped(d.hint || ""))) + `<p class="mono">${escaped(d.message)}</p>`);
  const operation = OPERATIONS[d.op];
  if (operation && operation.formula) out += section(t("computes"), `<p class="formula">${escaped(operation.formula).replace(/_\{([^}]*)\}/g, "<sub>$1</sub>").replace(/\^(\u2212?\w+)/g, "<sup>$1</sup>")}</p>`);
  if (d.sum !== undefined) out += section(t("sum"), `<p class="mono">${escaped(DATA.texts[d.sum])}</p>` + (d.figure === undefined ? "" : `<button type="button" class="figure" data-figure="${d.figure}" aria-label="${escaped(t("figure of entries"))}" hidden><span class="picture-of"></span></button>`));
  if (at) out += section(t("line"), `<p class="mono"><button type="button" class="jump" data-place="${d.place}">${escaped(at[0])}:${at[1]}</button></p>${at[2] ? `<pre>${escaped(at[2])}</pre>` : ""}`);
  out += section(t("compared"), changeBlock(n));
  const whole = (d.role === "op" ? "" : row(t("operations in all"), n.count ? count(n.count) : "")) + row(t("parameters in all"), n.weights.size ? count(parametersOf(n)) : "") + row(t("frozen"), frozenOf(n) ? count(frozenOf(n)) : "")
    + row(t("multiply-adds"), n.cost ? count(n.cost) : "") + row(t("kept"), n.kept ? memory(n.kept) : "") + row(t("time"), n.took ? seconds(n.took) : "")
    + (typeof d.color !== "undefined" ? row(t("own"), escaped(METRICS.own.say(d.color))) : "");
  out += section(t("altogether"), list(whole));
  const g = DATA.backward ? joint(n.weights) : null, w = normOfWeights(n);
  if (g) out += section(t("gradient of the parameters"), list(row("\u2016\u2202\u2016", gradient(g)) + row("\u2016w\u2016", w === null ? "" : norm(w)) + row("\u2016\u2202\u2016 / \u2016w\u2016", w && isFinite(g.norm) ? norm(g.norm / w) : "")));
  const results = resultsOf(n);
  if (d.role !== "failure") out += results.slice(0, 4).map((v, i) => section(results.length > 1 ? `${t("result")} ${i + 1}` : t("result"), valueBlock(v, ""))).join("");
  if (d.role === "op") {
    const names = operation.inputs;
    const given = d.takes.map((v, i) => [v, VALUES[v].d.name || names[i + (d.absent || []).filter(a => a <= i).length] || "x" + (i + 1)]);
    const from = given.filter(([v]) => VALUES[v].from), held = given.filter(([v]) => !VALUES[v].from);
    out += section(t("takes"), list(from.map(([v, name]) => row(name, `${escaped(shapeOf(v))} ${jump(VALUES[v].from)}`)).join("")));
    out += held.length ? section(t("parameters and constants"), held.map(([v, name]) => valueBlock(v, name + (VALUES[v].d.role === "parameter" ? "" : ` (${t("role constant")})`))).join("")) : "";
    out += section(t("keeps"), list(keptBlock(n)));
  } else if (d.role === "failure") {
    out += section(t("takes"), list(d.takes.map(v => row(VALUES[v].from ? title(VALUES[v].from) : VALUES[v].d.name || "", escaped(shapeOf(v)))).join("")));
  }
  const to = [...new Set(results.flatMap(v => VALUES[v].to))].filter(m => !isWithin(m, n));
  if (d.role !== "output" && d.role !== "failure") out += section(t("goes to"), to.slice(0, 12).map(m => jump(m)).join(" ") + (to.length > 12 ? ` \u2026 ${count(to.length)}` : ""));
  return out;
}
function showPanel() {
  PANEL.innerHTML = about(SELECTED);
  PANEL.scrollTop = 0;
  for (const b of PANEL.querySelectorAll("[data-figure]")) drawn(b.dataset.figure, b.firstChild).then(() => { b.hidden = false; }, () => b.remove());
  const chain = [];
  for (let n = SELECTED; n && n !== ROOT; n = n.parent) chain.unshift(n);
  CRUMBS.innerHTML = [`<li><button type="button" data-n="-1">${escaped(ROOT.d.kind || ROOT.d.name || t("graph"))}</button></li>`,
    ...chain.map((n, i) => `<li><button type="button" data-n="${n.id}"${i === chain.length - 1 ? ' aria-current="location"' : ""}>${escaped(title(n))}</button></li>`)].join("");
  CRUMBS.scrollLeft = CRUMBS.scrollWidth;
}
PANEL.addEventListener("click", e => {
  const b = e.target.closest("[data-n],[data-place],[data-figure]");
  if (b && b.dataset.figure !== undefined) enlarge(b.dataset.figure); else if (b && b.dataset.place !== undefined) lightLine(Number(b.dataset.place)); else if (b) reveal(NODES[b.dataset.n]);
});
CRUMBS.addEventListener("click", e => {
  const b = e.target.closest("[data-n]");
  if (!b) return;
  if (b.dataset.n === "-1") { select(null); everything(); } else reveal(NODES[b.dataset.n]);
});
