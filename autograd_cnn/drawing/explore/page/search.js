// Search by path, type and shape: every word must be found.
const SOUGHT = document.getElementById("search"), FOUND = document.getElementById("found");
const MOST_FOUND = 30;
let hits = [], at = -1;
const index = () => index.known || (index.known = NODES.map(n => [
  pathOf(n), n.d.kind, n.d.op || "", n.d.does || "", n.d.label || "", n.d.name, n.d.args || "",
  ...((n.d.args || "").match(/\(\d+(, \d+)+\)/g) || []).map(s => s.slice(1, -1).split(", ")).map(s => s.join("\u00d7") + " " + s.join("x")),
  ...resultsOf(n).map(v => { const s = VALUES[v].d.shape || []; return `${s.join("\u00d7")} ${s.join("x")} ${s.join(",")} (${s.join(", ")}) ${VALUES[v].d.dtype || DATA.dtype}`; }),
  ...[...(n.d.takes || [])].map(v => VALUES[v].d.name || ""),
].join(" \n ").toLowerCase()));

function search() {
  const words = SOUGHT.value.toLowerCase().trim().split(/\s+/).filter(Boolean);
  const all = words.length ? NODES.filter(n => words.every(word => index()[n.id].includes(word))) : [];
  const named = n => words.every(word => (pathOf(n) + " " + n.d.kind).toLowerCase().includes(word)) ? 0 : 1;
  hits = all.sort((a, b) => named(a) - named(b) || a.id - b.id).slice(0, MOST_FOUND);
  at = hits.length ? 0 : -1;
  FOUND.innerHTML = hits.map((n, i) => `<li role="option" id="hit-${i}" data-n="${n.id}" aria-selected="${i === at}"><b>${escaped(pathOf(n) || title(n))}</b> <span>${escaped(n.d.kind)}</span> <i>${escaped(shapes(n))}</i></li>`).join("")
    + (words.length ? `<li class="total" role="presentation">${escaped(all.length ? t("found", count(all.length)) : t("nothing found"))}</li>` : "");
  FOUND.hidden = !words.length;
  SOUGHT.setAttribute("aria-expanded", String(!FOUND.hidden));
  point();
}
function point() {
  [...FOUND.querySelectorAll("[role=option]")].forEach((li, i) => li.setAttribute("aria-selected", String(i === at)));
  const li = document.getElementById("hit-" + at);
  if (li) { SOUGHT.setAttribute("aria-activedescendant", li.id); li.scrollIntoView({block: "nearest"}); } else SOUGHT.removeAttribute("aria-activedescendant");
}
function leaveSearch() { FOUND.hidden = true; SOUGHT.setAttribute("aria-expanded", "false"); }
SOUGHT.addEventListener("input", search);
SOUGHT.addEventListener("focus", () => { if (SOUGHT.value) search(); });
SOUGHT.addEventListener("blur", () => setTimeout(leaveSearch, 150));
SOUGHT.addEventListener("keydown", e => {
  if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); if (hits.length) at = (at + (e.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length; point(); }
  else if (e.key === "Enter" && at >= 0) { e.preventDefault(); leaveSearch(); reveal(hits[at]); }
  else if (e.key === "Escape") { e.stopPropagation(); if (SOUGHT.value) { SOUGHT.value = ""; search(); } else if (SELECTED) focusOn(SELECTED); else SOUGHT.blur(); }
});
FOUND.addEventListener("pointerdown", e => { const li = e.target.closest("[data-n]"); if (li) { e.preventDefault(); leaveSearch(); reveal(NODES[li.dataset.n]); } });
