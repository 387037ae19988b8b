// One unit: its number, how it came about, and what it saw.
export function number(x, digits = 4) {
  if (typeof x !== "number") return x === null ? "not finite" : String(x);
  const size = Math.abs(x);
  const text = size !== 0 && (size < 0.001 || size >= 100000) ? x.toExponential(2) : x.toFixed(size < 10 ? digits : Math.min(digits, 2));
  return text.replace("-", "−");
}

function element(kind, text, cls) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
}

function rows(table, lines, head) {
  if (head) {
    const tr = element("tr");
    for (const cell of head) tr.append(element("th", cell));
    table.append(tr);
  }
  for (const line of lines) {
    const tr = element("tr");
    for (const cell of line) {
      const td = element("td");
      td.append(cell);
      tr.append(td);
    }
    table.append(tr);
  }
  return table;
}

export function placeOf(stage, [c, y, x]) {
  if (stage.shape[1] * stage.shape[2] === 1) return `unit ${c}`;
  return `map ${c}, row ${y}, column ${x}`;
}

// The same in short, for lists.
function shortly(stage, [c, y, x]) {
  return stage.shape[1] * stage.shape[2] === 1 ? `unit ${c}` : `${c}: ${y}, ${x}`;
}

// An operation, and what came to it from elsewhere: "add −0.31".
function did(step) {
  return step.with === undefined ? step.does : `${step.does} ${number(step.with)}`;
}

export function show(root, title, told, stages, choose) {
  const stage = stages[told.stage], terms = told.terms, before = stages[stage.inputs[0]];
  title.textContent = `${stage.name}, ${placeOf(stage, told.place)}`;
  root.replaceChildren();
  root.append(element("p", told.stage ? `Its value is ${number(told.value)}.` : `It enters the network as ${number(told.value)}.`));
  if (terms) {
    const sum = terms.values.reduce((s, v, i) => s + v * terms.weights[i], 0), lines = [];
    if (terms.kind === "max") lines.push([`the greatest of ${terms.values.length}`, number(Math.max(...terms.values))]);
    else {
      lines.push([`Σ of ${terms.values.length} products`, number(sum)]);
      if (terms.bias) lines.push(["+ bias", number(terms.bias)]);
    }
    told.chain.forEach((step, i) => lines.push([`${i || terms.kind === "max" ? "" : "= "}${did(step)}`, number(step.value)]));
    root.append(element("h2", "How it came about"), rows(element("table", undefined, "chain"), lines));
    root.append(element("h2", terms.kind === "max" ? "The greatest" : "What weighs most"));
    const strongest = terms.strongest.map((i) => {
      const go = element("button", shortly(before, inside(before, terms.places[i])));
      go.title = placeOf(before, inside(before, terms.places[i]));
      go.setAttribute("aria-label", go.title);
      go.onclick = () => choose(stage.inputs[0], inside(before, terms.places[i]));
      return terms.kind === "max" ? [go, number(terms.values[i])] : [go, number(terms.values[i], 3), "×", number(terms.weights[i], 3), "=", number(terms.values[i] * terms.weights[i], 3)];
    });
    root.append(rows(element("table"), strongest));
    if (terms.window && terms.kind !== "max" && terms.window[1] * terms.window[2] > 1) kernels(root, terms);
  } else if (told.chain) {
    root.append(element("h2", "How it came about"), rows(element("table", undefined, "chain"), told.chain.map((s) => [did(s), number(s.value)])));
  } else if (stage.folded > 1) root.append(element("p", `${stage.folded} operations are folded into this part.`));
  if (told.field && told.stage) {
    const [[y0, y1], [x0, x1]] = told.field;
    root.append(element("p", `It sees rows ${y0} to ${y1} and columns ${x0} to ${x1} of the picture: ${y1 - y0 + 1} × ${x1 - x0 + 1} pixels.`));
  }
}

// An entry that was read from a flattened stage, as that stage shows it.
export function inside(stage, place) {
  if (place.length === 3) return place;
  const [, rows, columns] = stage.shape, [at] = place;
  return [Math.floor(at / (rows * columns)), Math.floor((at % (rows * columns)) / columns), at % columns];
}

// The window's numbers and the kernel's, one input map at a time.
function kernels(root, terms) {
  const maps = [...new Set(terms.places.map((p) => p[0]))], select = element("select"), box = element("div");
  const weight = (m) => terms.places.reduce((s, p, i) => s + (p[0] === m ? Math.abs(terms.values[i] * terms.weights[i]) : 0), 0);
  for (const m of maps) {
    const option = element("option", `input map ${m}`);
    option.value = m;
    select.append(option);
  }
  select.setAttribute("aria-label", "Input map");
  select.value = maps.reduce((best, m) => (weight(m) > weight(best) ? m : best), maps[0]);
  const draw = () => {
    const chosen = terms.places.map((p, i) => [p, i]).filter(([p]) => p[0] === +select.value);
    const lines = [...new Set(chosen.map(([p]) => p[1]))].map((y) => chosen.filter(([p]) => p[1] === y).map(([, i]) => i));
    const part = chosen.reduce((s, [, i]) => s + terms.values[i] * terms.weights[i], 0);
    box.replaceChildren(
      element("p", "window"), rows(element("table", undefined, "kernel"), lines.map((l) => l.map((i) => number(terms.values[i], 2)))),
      element("p", "× kernel"), rows(element("table", undefined, "kernel"), lines.map((l) => l.map((i) => number(terms.weights[i], 2)))),
      element("p", `adds ${number(part)}`),
    );
  };
  select.onchange = draw;
  draw();
  root.append(element("h2", "Window and kernel"), select, box);
}

export function bars(root, output, classes) {
  const known = output.map((v) => (v === null ? -Infinity : v)), top = Math.max(...known);
  const powers = known.map((v) => Math.exp(v - top)), total = powers.reduce((a, b) => a + b, 0);
  const order = known.map((_, i) => i);
  if (known.length > 12) order.sort((a, b) => known[b] - known[a]).splice(10);
  const best = known.indexOf(top);
  root.replaceChildren(...order.map((i) => {
    const row = element("div", undefined, i === best ? "row first" : "row"), track = element("div", undefined, "track"), fill = element("div", undefined, "fill");
    fill.style.width = `${(100 * powers[i]) / total}%`;
    track.append(fill);
    row.append(element("span", classes[i] ?? String(i)), track, element("span", `${((100 * powers[i]) / total).toFixed(1)} %`, "number"));
    return row;
  }));
  return best;
}
