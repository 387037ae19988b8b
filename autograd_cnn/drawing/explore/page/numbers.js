// Numbers as the figures write them: one mark for decimals, another between thousands.
const [POINT, THOUSANDS] = DATA.lang === "de" ? [",", "."] : [".", ","];
const COMMA = DATA.lang === "de" ? "; " : ", ";
const written = text => text.replace(/-/g, "\u2212").replace(".", POINT);
const special = v => Number.isNaN(v) ? "NaN" : v > 0 ? "\u221e" : "\u2212\u221e";
const decimals = (v, places) => isFinite(v) ? written((v + 0).toFixed(places)) : special(v);
const count = n => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, THOUSANDS);
const percent = (share, places = 0) => decimals(100 * share, places) + " %";
function digits(v, most = 3) {
  if (v === null || v === undefined || !isFinite(v)) return special(v ?? NaN);
  const [mantissa, e] = Number(v).toPrecision(most).split("e");
  const exponent = e === undefined ? 0 : Number(e), size = Math.abs(v);
  if (size !== 0 && (size < 1e-4 || size >= 10 ** Math.max(most, 6))) {
    const [m, x] = Number(v).toExponential(most - 1).split("e");
    return written(m.replace(/\.?0+$/, "")) + "e" + written(String(Number(x)));
  }
  const plain = exponent ? String(Number(v.toPrecision(most))) : mantissa;
  return written(plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain);
}
function scientific(v, places) { const [m, x] = v.toExponential(places).split("e"); return written(m) + "e" + written(String(Number(x))); }
function norm(v) {
  if (!isFinite(v)) return special(v);
  if (v === 0) return "0";
  if (v < 0.01 || v >= 1e5) return scientific(v, 1);
  return decimals(v, v < 10 ? 3 : v < 1000 ? 1 : 0);
}
function memory(n) {
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6]]) if (n >= size) return decimals(n / size, 1) + " " + unit;
  return n >= 1000 ? (n / 1e3).toFixed(0) + " kB" : n + " B";
}
function seconds(s) { return s >= 1 ? decimals(s, 2) + " s" : s >= 1e-3 ? digits(s * 1e3, 3) + " ms" : digits(s * 1e6, 3) + " \u00b5s"; }
const shapeOf = v => { const d = VALUES[v].d; return d.shape && d.shape.length ? d.shape.join("\u00d7") : d.is !== undefined ? told(d.is) : t("scalar"); };
const told = x => typeof x === "number" ? digits(x, 4) : x;
const gradient = g => g.state === "missing" ? "\u2205" : norm(g.norm);
const escaped = text => String(text).replace(/[&<>"']/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})[c]);
const operations = n => n === 1 ? t("one operation") : t("operations", count(n));
const parameters = n => n === 1 ? t("one parameter") : t("parameters", count(n));
