// The page: what was asked, what came, what is shown.
import { Maps } from "./maps.js";
import { Pad } from "./pad.js";
import { bars, inside, number, placeOf, show } from "./panel.js";
import { Wire } from "./wire.js";

const $ = (id) => document.getElementById(id);
const page = { stages: [], maps: [], pass: "forward", chosen: null, told: null, asked: 0, seen: 0, latency: [], output: [], best: -1, waiting: false, stale: false };
window.studio = page; // for tests and the curious

function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

const wire = new Wire(heard, (open) => {
  page.open = open;
  if (!open) say("The studio is not there any more. This page goes on when it is back.", true);
  page.waiting = false;
});

function heard(head, data) {
  ({ layout, maps: seen, gradients, unit, picture, error })[head.kind]?.(head, data);
}

function error(head) {
  page.waiting = false;
  page.climbing = 0;
  say(head.text, true);
}

function layout(head) {
  say("Draw on the black square.");
  $("name").textContent = `${head.name} in the studio`;
  document.title = `${head.name} · Studio`;
  if (page.size) return ask(); // the server is back
  Object.assign(page, { size: head.size, classes: head.classes, stages: head.stages });
  page.maps = head.stages.map((stage, i) => new Maps(i, stage));
  flat();
  page.pad = new Pad($("pad"), head.size, ask);
  page.pad.update();
  const count = head.stages.at(-1).shape.reduce((a, b) => a * b, 1), names = Array.from({ length: count }, (_, i) => head.classes[i] ?? String(i));
  $("target").replaceChildren(...names.slice(0, 1000).map((name, i) => new Option(name, i)));
  if (head.size[0] === 1 && names.length === 10) {
    $("examples").replaceChildren(...names.map((name, i) => {
      const button = document.createElement("button");
      button.textContent = name;
      button.title = `An example of ${name}`;
      button.onclick = () => wire.say({ do: "example", target: i });
      return button;
    }));
  }
  navigator.mediaDevices?.enumerateDevices?.().then((found) => { $("camera").hidden = !found.some((d) => d.kind === "videoinput"); }, () => {});
  import("./space.js").then(({ Space }) => {
    page.space = new Space($("space"), page.maps, choose);
    view(true);
  }).catch(() => { // no WebGL
    $("in-space").disabled = true;
    $("in-space").title = "This browser has no WebGL.";
    view(false);
  });
}

// ---- asking: one picture at a time, the newest next
function ask() {
  if (page.waiting) { page.stale = true; return; }
  page.waiting = wire.say({ do: "see", id: ++page.asked }, page.pad.numbersNow);
  page.sent = performance.now();
}

function answered() {
  page.waiting = false;
  if (page.stale) { page.stale = false; ask(); }
}

function split(data) {
  let at = 0;
  return page.stages.map(({ shape }) => data.subarray(at, (at += shape[0] * shape[1] * shape[2])));
}

function seen(head, data) {
  page.latency.push(performance.now() - page.sent);
  page.seen++;
  page.output = head.output;
  page.best = bars($("output"), head.output, page.classes);
  const broken = head.ends.findIndex((e) => e[2]);
  if (broken >= 0) say(`${head.ends[broken][2]} numbers of ${page.stages[broken].name} are not finite.`, true);
  else if ($("status").classList.contains("bad")) say("");
  if (!page.targetChosen) $("target").value = page.best;
  page.ends = head.ends;
  page.values = split(data);
  if (page.pass === "forward") paint(page.values);
  else wire.say({ do: "gradients", target: +$("target").value });
  if (page.chosen) askUnit();
  answered();
  climb();
}

function gradients(head, data) {
  page.slopes = split(data);
  page.slopeEnds = head.ends;
  if (page.pass === "backward") paint(page.slopes);
}

function legend() {
  const back = page.pass === "backward", number_ = page.chosen?.[0] ?? page.stages.length - 1, [low, high] = (back ? page.slopeEnds : page.ends)[number_];
  const bar = document.createElement("i");
  bar.className = back ? "signs" : "heat";
  $("legend").replaceChildren(`${back ? "Slope of the score, " : ""}${page.stages[number_].name}: ${number(low)}`, bar, `${number(high)}; each layer by itself`);
}

function paint(values) {
  legend();
  page.maps.forEach((m, i) => m.paint(values[i], page.pass));
  mark();
}

// ---- a unit
export function choose(number, unit) {
  page.chosen = [number, unit];
  askUnit();
}

function askUnit() {
  if (page.ends) legend();
  wire.say({ do: "unit", stage: page.chosen[0], place: page.chosen[1] });
}

function unit(head) {
  page.told = head;
  $("unit-hint").hidden = true;
  show($("unit"), $("unit-title"), head, page.stages, choose);
  page.pad.see(head.stage ? head.field : null);
  mark();
}

function mark() {
  const told = page.told, sees = told?.sees ?? {};
  page.maps.forEach((m, i) => m.show(told && told.stage === i ? told.place : null, told && String(i) in sees && i < told.stage ? sees[i] : undefined));
  if (page.space) {
    const terms = told?.terms, from = told && page.stages[told.stage].inputs[0];
    const read = (k) => [from, inside(page.stages[from], terms.places[k]), terms.values[k] * terms.weights[k]];
    page.space.edges(told ? [told.stage, told.place] : null, terms ? terms.strongest.map(read) : []);
    page.space.fresh();
  }
}

// ---- views
function flat() {
  $("maps").replaceChildren(...page.maps.map((m) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption"), name = document.createElement("b");
    name.textContent = m.stage.name;
    const [c, h, w] = m.stage.shape;
    caption.append(name, ` ${m.stage.does}   ${h * w === 1 ? `${c} units` : `${c} × ${h} × ${w}`}`);
    const box = document.createElement("div");
    box.tabIndex = 0;
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", `Maps of ${m.stage.name}. Arrow keys choose an entry.`);
    box.onkeydown = (e) => keys(e, m.number);
    m.canvas.onclick = (e) => {
      const at = m.canvas.getBoundingClientRect(), found = m.at((e.clientX - at.left) / at.width, (e.clientY - at.top) / at.height);
      if (found) choose(m.number, found);
    };
    m.canvas.style.width = `${Math.min(m.canvas.width, Math.max(180, m.width * 3))}px`;
    box.append(m.canvas);
    figure.append(caption, box);
    return figure;
  }));
}

function view(inSpace) {
  $("space").hidden = !inSpace;
  $("maps").hidden = inSpace;
  document.querySelector(".labels")?.toggleAttribute("hidden", !inSpace);
  $("in-space").setAttribute("aria-pressed", inSpace);
  $("flat").setAttribute("aria-pressed", !inSpace);
  page.view = inSpace ? "space" : "flat";
  page.space?.soon();
}

function pass(name) {
  page.pass = name;
  for (const n of ["forward", "backward"]) $(n).setAttribute("aria-pressed", n === name);
  if (name === "backward") wire.say({ do: "gradients", target: +$("target").value });
  else if (page.values) paint(page.values);
}

// ---- keys: arrows move to the next entry, Page Up and Page Down to the next stage; + − turn nearer and away, Shift with arrows turns
function keys(event, number = page.chosen?.[0] ?? 0) {
  const move = { ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0] }[event.key];
  if (event.shiftKey && move && page.view === "space") page.space.turn(move[2] * 0.15, -move[1] * 0.12);
  else if ("+-".includes(event.key) && page.view === "space") page.space.zoom(event.key === "+" ? 0.85 : 1.18);
  else if (event.key === "Home" && page.view === "space") page.space.home();
  else if (move || event.key.startsWith("Page")) {
    const step = event.key === "PageUp" ? 1 : event.key === "PageDown" ? -1 : 0;
    const to = Math.max(0, Math.min(page.stages.length - 1, number + step)), shape = page.stages[to].shape;
    let place = page.chosen && page.chosen[0] === number ? page.chosen[1] : page.stages[number].shape.map((n) => n >> 1);
    if (move && shape[1] * shape[2] === 1) place = [place[0] + move[2] + move[1], 0, 0];
    else if (move) place = place.map((p, k) => p + move[k]);
    if (move && shape[2] > 1 && (place[2] < 0 || place[2] >= shape[2])) place = [place[0] + Math.sign(place[2]), place[1], place[2] < 0 ? shape[2] - 1 : 0];
    choose(to, place.map((p, k) => Math.max(0, Math.min(shape[k] - 1, p))));
  } else return;
  event.preventDefault();
}

// ---- what the picture would have to be
function climb() {
  if (!page.climbing) return;
  page.climbing--;
  if (page.best === +$("target").value && page.climbing < 20) { page.climbing = 0; say(`Taken for ${page.classes[page.best] ?? page.best} now.`); return; }
  if (!page.climbing) { say("No step more: it is still taken for another."); return; }
  wire.say({ do: "toward", target: +$("target").value, rate: 0.04 });
}

function picture(head, data) {
  page.pad.take(new Float32Array(data.slice().buffer));
}

$("clear").onclick = () => { page.climbing = 0; page.pad?.clear(); };
$("occlude").onchange = (e) => { page.pad.occluding = e.target.checked; if (!e.target.checked) { page.pad.patch = null; page.pad.update(); } };
$("in-space").onclick = () => view(true);
$("flat").onclick = () => view(false);
$("forward").onclick = () => pass("forward");
$("backward").onclick = () => pass("backward");
$("target").onchange = () => { page.targetChosen = true; if (page.pass === "backward") pass("backward"); };
$("toward").onclick = () => { page.targetChosen = true; page.climbing = 60; say(`Going towards ${$("target").selectedOptions[0].text} …`); wire.say({ do: "toward", target: +$("target").value, rate: 0.04 }); };
$("space").onkeydown = (e) => keys(e);
$("file").onchange = async (e) => {
  const file = e.target.files[0];
  e.target.value = "";
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file);
    page.pad.takeImage(bitmap, bitmap.width, bitmap.height);
  } catch { say(`${file.name} is no picture that this browser can read.`, true); }
};
$("camera").onclick = async () => {
  if (page.stream) {
    page.stream.getTracks().forEach((t) => t.stop());
    page.stream = null;
    $("camera").textContent = "Camera";
    return;
  }
  try { page.stream = await navigator.mediaDevices.getUserMedia({ video: true }); } catch { say("The camera was not allowed.", true); return; }
  const video = Object.assign(document.createElement("video"), { srcObject: page.stream, muted: true });
  await video.play();
  $("camera").textContent = "Stop";
  const frame = () => { if (!page.stream) return; if (!page.waiting) page.pad.takeImage(video, video.videoWidth, video.videoHeight); requestAnimationFrame(frame); };
  frame();
};
page.choose = choose;
page.placeOf = placeOf;
