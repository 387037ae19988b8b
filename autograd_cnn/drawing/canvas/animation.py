"""Several pictures of one figure in one document: stepped by links, animated by a style sheet, or shown by a page.

What all frames have in common is written once; each frame is a group that holds the rest. No frame depends on a script, so
the SVG forms work wherever SVG with styles does, and a viewer that knows no styles shows the first frame (or, of an
animation, the last).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from .scene import Group, Scene
from .svg import Writer, escape, number
from .text import Words
from .theme import colour

STRIP = 44.0  # the height of the strip with the links
HOLD = 2  # so many times longer than the others the last frame of an animation stays


def common(scenes: Sequence[Scene]) -> tuple[list[Group], list[list[Group]]]:
    """What all frames share, and what each has beside it: of every named group the things it begins with in all frames. (So what
    a frame adds lies on top, as it does in the frame by itself.)"""
    found = [_groups(s) for s in scenes]
    shared: list[Group] = []
    many: dict[str, int] = {}
    for name in found[0]:
        if all(name in f for f in found):
            alike = zip(*(map(repr, f[name].items) for f in found), strict=False)
            many[name] = sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, alike))
            g = found[-1][name]
            if many[name]:
                shared.append(Group(g.id, g.kind, g.title, items=g.items[: many[name]]))
    own = []
    for f in found:
        rest = [(g, g.items[many.get(name, 0) :]) for name, g in f.items()]
        own.append([Group(g.id, g.kind, g.title, items=items) for g, items in rest if items])
    return shared, own


def _groups(scene: Scene) -> dict[str, Group]:
    """The named groups; and for each layer what stands in it by itself."""
    found: dict[str, Group] = {}

    def look(group: Group, place: str) -> None:
        loose = Group()
        for i, item in enumerate(group.items):
            if isinstance(item, Group) and item.id is not None:
                found[item.id] = item
            elif isinstance(item, Group) and item.kind is None:
                look(item, f"{place}.{i}")
            else:
                loose.items.append(item)
        if loose.items:
            found[f"layer {place}"] = loose

    look(scene, "")
    return found


def _frames(writer: Writer, scenes: Sequence[Scene], captions: Sequence[str], hidden: str, order: Sequence[int]) -> None:
    """Write the common part, then a group for each frame, in this order. `hidden` is its attribute as long as it is not shown."""
    shared, own = common(scenes)
    for g in shared:
        writer.put_group(g)
    if hidden.startswith("display"):
        _dots(writer, scenes[0], len(scenes))
    prefix = writer.prefix
    looks = _looks(writer, own)
    for k in order:
        shown = "" if k == order[-1] else f" {hidden}"
        writer.lines.append(f'<g id="{escape(prefix)}frame-{k + 1}" class="frame" role="group" aria-label="{escape(captions[k])}"{shown}>')
        writer.prefix = f"{prefix}{k + 1}-"
        for g in own[k]:
            look = looks.get(repr(g))
            if look is None:
                writer.put_group(g)
            else:
                writer.lines.append(f'<use href="#{escape(look)}"/>')
        writer.prefix = prefix
        if hidden.startswith("display"):
            _links(writer, scenes[k], k, len(scenes))
        writer.lines.append("</g>")


def _looks(writer: Writer, own: Sequence[Sequence[Group]]) -> dict[str, str]:
    """What looks the same in several frames is defined once, and used in each: the id by the look. (A network of seventy cards in
    140 frames would take twenty times as much.)"""
    counts = Counter(repr(g) for frame in own for g in frame)
    looks: dict[str, str] = {}
    prefix = writer.prefix
    writer.lines.append("<defs>")
    for frame in own:
        for g in frame:
            key = repr(g)
            if counts[key] > 1 and key not in looks:
                looks[key] = f"{prefix}look-{len(looks) + 1}"
                writer.lines.append(f'<g id="{escape(looks[key])}">')
                writer.prefix = f"{looks[key]}-"
                writer.put_group(g)
                writer.prefix = prefix
                writer.lines.append("</g>")
    writer.lines.append("</defs>")
    return looks


def stepped(scenes: Sequence[Scene], captions: Sequence[str], theme: str, prefix: str, links: bool = True) -> str:
    """An SVG whose frames are stepped by links to each other: `:target` shows the one whose name stands in the address."""
    writer = Writer(theme, prefix)
    # The first frame stands last: as long as no other is the target, nothing before it hides it.
    order = [*range(1, len(scenes)), 0]
    _frames(writer, scenes, captions, 'display="none"', order)
    first = f"#{prefix}frame-1"
    rules = f".frame:target{{display:inline}}.frame:target~{first}{{display:none}}{first}:target{{display:inline}}"
    rules += "a.step{cursor:pointer}a.step:focus{outline:none}a.step:focus rect,a.step:hover rect{stroke-width:2.2}"
    return writer.document(_whole(scenes, captions, STRIP), rules)


def _links(writer: Writer, scene: Scene, k: int, count: int) -> None:
    """Previous and next, and the dot of this frame: larger than the others, and filled."""
    words, y = Words(scene.lang), scene.height + STRIP / 2 - 6
    right = scene.width - 30.0
    for key, to, x in (("previous", k - 1, 30.0), ("next", k + 1, right - 92)):
        if not 0 <= to < count:
            continue
        g = Group()
        g.rect(x, y - 12, 92, 24, 12, fill="card", stroke="wire")
        text = f"← {words(key)}" if key == "previous" else f"{words(key)} →"
        g.text(x + 46, y + 4, text, 11.5, anchor="middle")
        _link(writer, g, to, words("frame of", to + 1, count))
    start, apart = _row(scene, count)
    g = Group()
    g.circle(start + k * apart, y, max(3.0, min(5.0, apart / 2)), fill="dark")
    _link(writer, g, k, words("frame of", k + 1, count))


def _dots(writer: Writer, scene: Scene, count: int) -> None:
    """A dot for each frame, once for all of them."""
    words, y = Words(scene.lang), scene.height + STRIP / 2 - 6
    start, apart = _row(scene, count)
    for i in range(count):
        g = Group()
        g.rect(start + i * apart - apart / 2, y - 9, apart, 18, fill="paper")  # a dot alone is hard to hit
        g.circle(start + i * apart, y, min(3.0, apart / 3), fill="paper", stroke="wire", line=1.2)
        _link(writer, g, i, words("frame of", i + 1, count))


def _row(scene: Scene, count: int) -> tuple[float, float]:
    """Where the row of dots begins, and how far they stand apart."""
    apart = min(16.0, (scene.width - 2 * (30.0 + 92 + 24)) / count)
    return scene.width / 2 - apart * (count - 1) / 2, apart


def _link(writer: Writer, g: Group, to: int, title: str) -> None:
    writer.lines.append(f'<a class="step" href="#{escape(writer.prefix)}frame-{to + 1}"><title>{escape(title)}</title>')
    writer.group_content(g)
    writer.lines.append("</a>")


def animated(scenes: Sequence[Scene], captions: Sequence[str], theme: str, prefix: str, seconds: float) -> str:
    """An SVG that plays by itself and starts over; who asked for less motion sees the last frame."""
    writer = Writer(theme, prefix)
    _frames(writer, scenes, captions, 'visibility="hidden"', range(len(scenes)))
    count = len(scenes)
    beats = count - 1 + HOLD
    whole, last = number(beats * seconds), f"#{prefix}frame-{count}"
    rules = f"@keyframes {prefix}one{{0%{{visibility:visible}}{100 / beats:.4f}%,100%{{visibility:hidden}}}}"
    rules += f"@keyframes {prefix}last{{0%{{visibility:visible}}{100 * HOLD / beats:.4f}%,100%{{visibility:hidden}}}}"
    rules += f".frame{{visibility:hidden;animation:{prefix}one {whole}s step-end infinite}}{last}{{animation-name:{prefix}last}}"
    rules += "".join(f"#{prefix}frame-{k + 1}{{animation-delay:{number(k * seconds)}s}}" for k in range(1, count))
    rules += f"@media (prefers-reduced-motion:reduce){{.frame{{animation:none}}{last}{{visibility:visible}}}}"
    return writer.document(_whole(scenes, captions, 0.0), rules)


def _whole(scenes: Sequence[Scene], captions: Sequence[str], more: float) -> Scene:
    """Title, size and description of the document."""
    first = scenes[0]
    told = " ".join(f"{k + 1}. {c}" for k, c in enumerate(captions))
    return Scene(
        title=first.title, name=first.name, width=first.width, height=first.height + more, desc=f"{first.desc} {told}", lang=first.lang
    )


def page(scenes: Sequence[Scene], captions: Sequence[str], theme: str, seconds: float) -> str:
    """A page with previous, next, play, keys and a slider. It needs nothing but itself: no network, no other file. Of a figure that is too
    large for the window it shows the part where the step is (`at` in a scene's data, a box) at its own size, the whole small beside it,
    and below it what the step says (what stands under `told`)."""
    words, title = Words(scenes[0].lang), escape(scenes[0].title or "")
    writer = Writer(theme, "")
    _frames(writer, scenes, captions, 'visibility="hidden"', [*range(1, len(scenes)), 0])
    picture = writer.document(_whole(scenes, captions, 0.0))
    dark = f"@media (prefers-color-scheme:dark){{{_page_style('dark')}}}" if theme == "auto" else ""
    fill = {
        "LANG": scenes[0].lang,
        "TITLE": title,
        "STYLE": _page_style(theme) + dark,
        "PICTURE": picture,
        "COUNT": str(len(scenes)),
        "MS": str(round(seconds * 1000)),
        "PREVIOUS": words("previous"),
        "NEXT": words("next"),
        "PLAY": words("play"),
        "PAUSE": words("pause"),
        "FRAME": words("frame"),
        "KEYS": words("keys"),
        "FOLLOW": words("follow"),
        "OVERVIEW": words("overview"),
        "WHERE": json.dumps([s.data.get("at") for s in scenes]),
        "TOLD": json.dumps(scenes[0].data.get("told")),
    }
    text = _PAGE
    for key, value in fill.items():
        text = text.replace(f"[{key}]", value)
    return text


def _page_style(theme: str) -> str:
    paper, ink, line, card = (colour(role, theme) for role in ("paper", "ink", "wire", "card"))
    accent = colour("forward", theme)
    return (
        f"body{{background:{paper};color:{ink}}}button{{background:{card};color:{ink};border-color:{line}}}"
        f"#overview{{background:{paper};border-color:{line}}}#overview rect{{stroke:{accent}}}"
        f"input{{accent-color:{accent}}}:focus-visible{{outline:2px solid {accent}}}"
    )


_PAGE = """<!DOCTYPE html>
<html lang="[LANG]">
<head>
<meta charset="utf-8">
<title>[TITLE]</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{margin:0;font:14px "Helvetica Neue",Helvetica,Arial,sans-serif}
svg{display:block;margin:auto;max-width:100%;height:auto;max-height:calc(100vh - 92px)}
nav{display:flex;gap:10px;align-items:center;justify-content:center;flex-wrap:wrap;padding:8px 16px}
button{font:inherit;padding:6px 14px;border:1px solid;border-radius:16px;cursor:pointer;min-width:7em}
button:disabled{opacity:.45;cursor:default}
input{flex:1;max-width:420px}
output{min-width:5em;text-align:right;font-variant-numeric:tabular-nums}
label[hidden],#overview[hidden],#saying[hidden]{display:none}
.follows main>svg{width:100vw;height:calc(100vh - 92px - var(--saying));max-width:none;max-height:none}
#saying{max-height:22vh}
#overview{position:fixed;right:12px;top:12px;width:min(20vw,260px);height:auto;max-height:46vh;border:1px solid;border-radius:6px}
#overview rect{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
p{margin:0 16px 10px;text-align:center;font-size:12px;opacity:.85}
[STYLE]
</style>
</head>
<body>
<main>
[PICTURE]</main>
<svg id="saying" aria-hidden="true" hidden></svg>
<svg id="overview" role="img" aria-label="[OVERVIEW]" hidden></svg>
<nav>
<button id="previous" type="button">← [PREVIOUS]</button>
<button id="play" type="button" data-play="[PLAY]" data-pause="[PAUSE]">[PLAY]</button>
<button id="next" type="button">[NEXT] →</button>
<input id="at" type="range" min="1" max="[COUNT]" value="1" aria-label="[FRAME]">
<output id="told" for="at">1 / [COUNT]</output>
<label hidden><input id="follow" type="checkbox" checked style="flex:none"> [FOLLOW]</label>
</nav>
<p>[KEYS]</p>
<p id="caption" aria-live="polite" style="position:absolute;left:-9999px"></p>
<script>
"use strict";
(() => {
  const count = [COUNT], by = id => document.getElementById(id);
  const frames = Array.from({length: count}, (_, k) => by("frame-" + (k + 1)));
  let now = 0, timer = null;
  function show(k) {
    now = Math.max(0, Math.min(count - 1, k));
    frames.forEach((f, i) => f.setAttribute("visibility", i === now ? "visible" : "hidden"));
    by("at").value = now + 1;
    by("told").textContent = now + 1 + " / " + count;
    by("caption").textContent = frames[now].getAttribute("aria-label");
    by("previous").disabled = now === 0;
    by("next").disabled = now === count - 1;
    look();
  }
  // The camera: where the figure is too large to be read, on the operation at work.
  const where = [WHERE], told = [TOLD], svg = document.querySelector("main>svg"), still = matchMedia("(prefers-reduced-motion:reduce)");
  const [, , wide, high] = svg.getAttribute("viewBox").split(" ").map(Number), ns = "http://www.w3.org/2000/svg";
  const all = document.createElementNS(ns, "g");
  all.id = "all";
  all.append(...[...svg.childNodes].filter(n => !["title", "desc", "style"].includes(n.nodeName)));
  svg.append(all);
  for (const id of ["saying", "overview"]) by(id).innerHTML = '<use href="#all"/>';
  by("overview").setAttribute("viewBox", `0 0 ${wide} ${told ?? high}`);
  const sight = document.createElementNS(ns, "rect");
  by("overview").append(sight);
  let eye = null, moving = 0;
  function put(box) {
    eye = box;
    svg.setAttribute("viewBox", box.join(" "));
    ["x", "y", "width", "height"].forEach((name, i) => sight.setAttribute(name, box[i]));
  }
  function look() {
    const room = [innerWidth, innerHeight - 92], large = told !== null && Math.min(room[0] / wide, room[1] / high) < 0.85;
    const on = large && by("follow").checked;
    by("follow").parentNode.hidden = !large;
    for (const id of ["saying", "overview"]) by(id).toggleAttribute("hidden", !on);
    document.body.classList.toggle("follows", on);
    cancelAnimationFrame(moving);
    if (!on) { put([0, 0, wide, high]); return; }
    const said = by(now + 1 + "-step"), b = said && said.getBBox(), strip = b ? [b.x - 8, b.y - 4, b.width + 16, b.height + 8] : [0, told, wide, high - told];
    by("saying").setAttribute("viewBox", strip.join(" "));
    by("saying").style.width = Math.min(strip[2], innerWidth) + "px";
    const saying = Math.min(strip[3] * Math.min(1, innerWidth / strip[2]), innerHeight * 0.22);
    document.body.style.setProperty("--saying", saying + "px");
    const size = [room[0], room[1] - saying], at = where[now] || (eye && where.some((w, i) => w && i < now) ? eye : [0, 0, wide, 0]);
    const to = [0, 1].map(i => {
      const whole = i ? told : wide, middle = at[i] + at[i + 2] / 2;
      return size[i] >= whole ? (whole - size[i]) / 2 : Math.max(0, Math.min(whole - size[i], middle - size[i] / 2));
    }).concat(size);
    const from = eye && eye[2] === to[2] && eye[3] === to[3] && !still.matches ? eye : to, begin = performance.now();
    const step = t => {
      const part = from === to ? 1 : Math.min(1, Math.max(0, t - begin) / 260), ease = part * part * (3 - 2 * part);
      put(to.map((v, i) => from[i] + (v - from[i]) * ease));
      if (part < 1) moving = requestAnimationFrame(step);
    };
    step(begin);
  }
  by("follow").onchange = look;
  addEventListener("resize", look);
  function stop() { clearInterval(timer); timer = null; by("play").textContent = by("play").dataset.play; }
  function play() {
    if (timer !== null) { stop(); return; }
    if (now === count - 1) show(0);
    by("play").textContent = by("play").dataset.pause;
    timer = setInterval(() => { show(now + 1); if (now === count - 1) stop(); }, [MS]);
  }
  function go(k) { stop(); show(k); }
  by("previous").onclick = () => go(now - 1);
  by("next").onclick = () => go(now + 1);
  by("play").onclick = play;
  by("at").oninput = e => go(Number(e.target.value) - 1);
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || ["at", "follow"].includes(e.target.id) || (e.key === " " && e.target.tagName === "BUTTON")) return;
    const keys = {ArrowLeft: () => go(now - 1), PageUp: () => go(now - 1), ArrowRight: () => go(now + 1), PageDown: () => go(now + 1),
                  Home: () => go(0), End: () => go(count - 1), " ": play};
    if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });
  show(0);
})();
</script>
</body>
</html>
"""


def radio_page(scenes: Sequence[Scene], captions: Sequence[str], theme: str, prefix: str) -> str:
    """For notebooks: a row of buttons that choose the frame, again without script (arrow keys move along the row)."""
    writer = Writer(theme, prefix)
    _frames(writer, scenes, captions, 'visibility="hidden"', [*range(1, len(scenes)), 0])
    picture = writer.document(_whole(scenes, captions, 0.0))
    inputs, rules = [], []
    for k, caption in enumerate(captions):
        id = f"{prefix}at-{k + 1}"
        checked = " checked" if k == 0 else ""
        label = escape(f"{k + 1}. {caption}")
        inputs.append(f'<input type="radio" name="{prefix}at" id="{id}" aria-label="{label}" title="{label}"{checked}>')
        rules.append(f"#{id}:checked~svg #{prefix}frame-{k + 1}{{visibility:visible}}")
    hide = f"#{prefix}film .frame{{visibility:hidden}}#{prefix}film svg{{max-width:100%;height:auto;display:block}}"
    scoped = "".join(f"#{prefix}film {r}" for r in rules)
    return f'<div id="{prefix}film"><style>{hide}{scoped}</style>{"".join(inputs)}{picture}</div>'
