// This view as a file of its own: everything that is open now, not only what is in sight.
const STYLED = ["fill", "stroke", "stroke-width", "font-size", "font-weight", "font-family", "font-style", "paint-order", "stroke-dasharray", "stroke-linejoin"];
function viewAsSvg() {
  const pad = 24, w = Math.ceil(PICTURE.w + 2 * pad), h = Math.ceil(PICTURE.h + 2 * pad);
  const at = b => `transform="translate(${Math.round(b.x * 10) / 10} ${Math.round(b.y * 10) / 10})"`;
  const family = n => n.d.family ? " f-" + CSS.escape(n.d.family) : "";
  const boxes = [...PICTURE.boxes];
  const group = ([n, b], inner) => `<g class="node${family(n)}${COLOR ? " shaded" : ""}" ${at(b)}><title>${escaped(spoken(n))}</title>${inner}</g>`;
  const inner = boxes.filter(([n]) => isOpen(n)).map(e => group(e, frameMarkup(e[0], e[1], false))).join("")
    + PICTURE.edges.map(e => `<g class="line${isGone(e) ? " removed" : ""}">${lineMarkup(e.lines)}</g>`).join("")
    + boxes.filter(([n]) => !isOpen(n)).map(e => group(e, cardMarkup(e[0], e[1], false))).join("");
  // Other programs know no variables: each look is written out, as the browser computes it.
  const probe = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  probe.setAttribute("class", "picture");
  probe.innerHTML = inner;
  STAGE.appendChild(probe);
  const looks = new Map();
  for (const el of probe.querySelectorAll("rect,path,text")) {
    const css = getComputedStyle(el), style = STYLED.map(p => `${p}:${css.getPropertyValue(p)}`).join(";");
    if (!looks.has(style)) looks.set(style, "s" + looks.size);
    el.removeAttribute("style");
    el.removeAttribute("data-head");
    el.setAttribute("class", looks.get(style));
  }
  for (const g of probe.querySelectorAll("g")) g.removeAttribute("class");
  const body = new XMLSerializer().serializeToString(probe).replace(/^<svg[^>]*>/, "").replace(/<\/svg>$/, "").replace(/ xmlns="[^"]*"/g, "");
  probe.remove();
  const styles = [...looks].map(([style, name]) => `.${name}{${style}}`).join("\n").replace(/"/g, "'");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img">\n<title>${escaped(DATA.title)}</title>\n<desc>${escaped(DATA.subtitle)}</desc>\n<style>${styles}</style>\n<rect width="${w}" height="${h}" fill="${hex("paper")}"/>\n<g transform="translate(${pad} ${pad})">${body}</g>\n</svg>\n`;
}
function saveView() {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([viewAsSvg()], {type: "image/svg+xml"}));
  a.download = (DATA.title || "graph").replace(/[^\w.-]+/g, "-").slice(0, 60) + ".svg";
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  announce(t("saved", a.download));
}
