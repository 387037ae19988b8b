"""The page of a graph in a real browser: opened, searched, walked by keys, dark, large, hostile, offline."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.drawing.explore import document
from autograd_cnn.drawing.explore.entry_sums import entry_figure
from autograd_cnn.vision import models

from ..browser import chromium
from .corpus import PROGRAMS, RANDOM, random_program, recorded
from .fitting_models import MODELS
from .test_explore import Wrong

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


class Seen:
    """A page, with all that it said and asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda m: self.said.append(m.text))
        page.on("pageerror", lambda e: self.said.append(str(e)))
        page.on("request", lambda r: self.asked.append(r.url))

    def names(self) -> list[str]:
        """The paths of all that is shown."""
        return list(self.page.evaluate("[...explorer.picture().boxes.keys()].map(explorer.path)"))

    def focused(self) -> str:
        return str(self.page.evaluate("explorer.path(explorer.nodes[document.activeElement.dataset.n])"))

    def settle(self) -> None:
        """Wait until nothing moves any more."""
        self.page.wait_for_timeout(450)


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Seen]]:
    """Open a page from the disk. At the end it must have said nothing, and asked for nothing but itself."""
    shown: list[Seen] = []

    def opened(explorer: Any, dark: bool = False, motion: str = "no-preference", hash: str = "", width: int = 1280) -> Seen:
        path = tmp_path / f"{len(shown)}.html"
        explorer.save(path)
        page = browser.new_page(
            viewport={"width": width, "height": 720}, color_scheme="dark" if dark else "light", reduced_motion=motion, offline=True
        )
        seen = Seen(page)
        shown.append(seen)
        page.goto(f"file://{path}{hash}")
        page.wait_for_function("window.explorer && explorer.ready")
        return seen

    yield opened
    for k, seen in enumerate(shown):
        seen.page.close()
        assert not seen.said
        assert all(url.startswith((f"file://{tmp_path}/{k}.html", "blob:")) for url in seen.asked)


def inception() -> Any:
    """Three levels, of which the outermost is shown."""
    return draw.explore(models.googlenet().eval(), ac.rand(1, 3, 64, 64), open=0)


def test_open_three_levels_and_go_back(show: Any) -> None:
    seen = show(inception(), motion="reduce")
    page = seen.page
    assert seen.names()[0] == "x"
    assert "inception3a" in seen.names()
    for path in ("inception3a", "inception3a.branch2", "inception3a.branch2.1"):
        n = page.evaluate("p => explorer.nodes.find(n => explorer.path(n) === p).id", path)
        page.evaluate("n => explorer.reveal(explorer.nodes[n])", n)
        seen.settle()
        page.locator(f'.node[data-n="{n}"]').click(position={"x": 40, "y": 12})
        seen.settle()
    assert {"inception3a.branch2.1.conv", "inception3a.branch2.0", "inception3a.cat"} <= set(seen.names())
    assert page.locator('.node[aria-expanded="true"]').count() == 3
    crumbs = [c.inner_text() for c in page.locator("#crumbs button").all()]
    assert crumbs == ["GoogLeNet", "inception3a", "branch2", "1"]
    held = page.evaluate("location.hash")
    page.go_back()
    seen.settle()
    assert "inception3a.branch2.1.conv" not in seen.names()
    page.go_forward()
    seen.settle()
    assert "inception3a.branch2.1.conv" in seen.names()
    again = show(inception(), hash=held, motion="reduce")  # the address holds all of it
    assert again.names() == seen.names()
    n = page.evaluate("explorer.nodes.find(n => explorer.path(n) === 'inception3a').id")
    page.evaluate("n => explorer.reveal(explorer.nodes[n])", n)
    seen.settle()
    page.locator(f'.node[data-n="{n}"] [data-head]').click(position={"x": 30, "y": 10})
    seen.settle()
    assert "inception3a.cat" not in seen.names()


LEAVING = """() => {
  const found = [];
  for (const g of document.querySelectorAll(".node")) {
    const box = g.querySelector("rect"), texts = [...g.querySelectorAll(":scope > text")];
    if (!box || !box.getBoundingClientRect().width) continue;
    const b = box.getBoundingClientRect();
    for (const t of texts) {
      const r = t.getBoundingClientRect();
      if (r.width && (r.left < b.left - 2 || r.right > b.right + 2 || r.top < b.top - 2 || r.bottom > b.bottom + 2)) found.push(t.textContent);
    }
  }
  return found;
}"""
FAULTS = """ids => {
  for (const n of explorer.nodes) if (n.children.length) explorer.open(n, ids.includes(n.id), false);
  const {boxes, edges} = explorer.picture(), found = [];
  const inside = (n, m) => { for (; n; n = n.parent) if (n === m) return true; return false; };
  const list = [...boxes];
  for (const [n, a] of list) for (const [m, b] of list) {
    if (n === m || inside(m, n)) continue;
    const clear = a.x + a.w <= b.x + .1 || b.x + b.w <= a.x + .1 || a.y + a.h <= b.y + .1 || b.y + b.h <= a.y + .1;
    const within = inside(n, m) && a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w + .1 && a.y + a.h <= b.y + b.h + .1;
    if (!clear && !within) found.push(explorer.path(n) + " / " + explorer.path(m));
  }
  for (const e of edges) for (const [x0, y0, a, x1, b, y1] of e.lines)
    for (const [n, box] of list) if (!(n.open && n.children.length))
      for (const [x, top, bottom] of [[x0, y0, a], [x1, b, y1]])
        if (x > box.x + 1 && x < box.x + box.w - 1 && bottom > box.y + 1 && top < box.y + box.h - 1) found.push("line through " + explorer.path(n));
  return found;
}"""


def test_nothing_overlaps_whatever_is_open(show: Any) -> None:
    """Boxes next to each other keep apart, what is within stays within, no line runs through a box."""
    seen = show(inception(), motion="reduce")
    for wanted in (lambda k: k % 2 == 0, lambda k: k % 3 != 0, lambda k: True):
        assert not seen.page.evaluate(FAULTS, [k for k in range(400) if wanted(k)])


def explored(name: str | int) -> Any:
    """The page of a graph of the corpus."""
    if name in MODELS:
        target, *inputs, own = MODELS[str(name)]()
        return draw.explore(target, *inputs, **{k: v for k, v in own.items() if k in ("backward", "kwargs")})
    return draw.explore(recorded(str(name)) if name in PROGRAMS else random_program(int(name)), backward=True)


@pytest.mark.parametrize("name", [*MODELS, *PROGRAMS, *RANDOM])
def test_nothing_overlaps_in_any_graph(show: Any, name: str | int) -> None:
    """As it stands open at first, everything closed, every other part open, all of it; and no text leaves its box."""
    seen = show(explored(name), motion="reduce")
    count = seen.page.evaluate("explorer.nodes.length")
    for ids in ([k for k in range(count) if k % 2], [], range(count)):
        assert not seen.page.evaluate(FAULTS, list(ids))
        assert seen.page.evaluate(LEAVING) == []


def test_at_least_a_hundred_pages_are_looked_at() -> None:
    assert len(MODELS) + len(PROGRAMS) + len(RANDOM) >= 100


def test_search(show: Any) -> None:
    seen = show(inception(), motion="reduce")
    page = seen.page
    page.keyboard.press("/")
    page.keyboard.type("inception4a.branch3 conv2d 5x5")
    assert page.locator("#found .total").inner_text() == "nothing found"
    page.keyboard.press("Control+a")
    page.keyboard.type("inception4a.branch3 conv2d 3x3")
    assert page.locator("#found [role=option]").count() == 1
    page.keyboard.press("Enter")
    seen.settle()
    assert seen.focused() == "inception4a.branch3.1.conv"
    assert "inception4a.branch3.1.conv" in page.locator("#panel").inner_text()
    box = page.locator(".node.selected").bounding_box()
    assert 0 < box["x"] < 950
    assert 40 < box["y"] < 700
    page.keyboard.press("/")
    page.keyboard.type("1x1024x2x2")  # a shape
    assert page.locator("#found [role=option]").count() == 2
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert seen.focused() == "inception4a.branch3.1.conv"


def test_keyboard_only(show: Any) -> None:
    seen = show(inception(), motion="reduce")
    page = seen.page
    page.locator("#side").focus()
    page.keyboard.press("Tab")  # into the picture
    walked = []
    for key in ("ArrowDown", "ArrowDown", "Enter", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "End", "Home"):
        page.keyboard.press(key)
        seen.settle()
        walked.append(seen.focused())
    assert walked == ["conv1", "maxpool1", "maxpool1", "conv2", "conv3", "conv2", "maxpool1", "output", "x"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    seen.settle()
    assert "conv1.conv" in seen.names()
    assert seen.focused() == "conv1"
    assert page.locator('[aria-expanded="true"]').count() == 1
    assert "opened" in page.locator("#live").inner_text()
    page.keyboard.press("ArrowRight")
    assert seen.focused() == "conv1.conv"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    seen.settle()
    assert "conv1.conv" not in seen.names()
    page.keyboard.press("l")
    assert page.locator(".node.lit").count() > 2
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press(" ")
    assert page.evaluate("document.activeElement.id") == "panel"
    page.keyboard.press("Escape")
    assert seen.focused() == "conv1"


def test_a_screen_reader_is_told(show: Any) -> None:
    seen = show(draw.explore(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), ac.rand(2, 4)))
    tree = seen.page.locator("[role=tree]")
    assert tree.get_attribute("aria-label").startswith("Sequential: 2 operations, 40 parameters")
    labels = [n.get_attribute("aria-label") for n in seen.page.locator("[role=treeitem]").all()]
    assert labels == ["input, input, gives 2×4", "0, Linear, 40 parameters, gives 2×8", "1, ReLU, gives 2×8", "output, output, gives 2×8"]
    unnamed = seen.page.evaluate(
        "[...document.querySelectorAll('button,input,select')].filter(e => !e.textContent.trim() && !e.ariaLabel).length"
    )
    assert unnamed == 0


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(show: Any, dark: bool) -> None:
    page = show(inception(), dark=dark).page
    paper = "getComputedStyle(document.body).backgroundColor"
    both = ["rgb(255, 255, 255)", "rgb(17, 22, 28)"]
    assert page.evaluate(paper) == both[dark]
    page.locator("#theme").click()
    assert page.evaluate(paper) == both[not dark]


def test_the_panel_says_all_of_an_operation(show: Any) -> None:
    net, x = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), ac.rand(5, 4)
    seen = show(draw.explore(lambda x: net(x).square().sum(), x, backward=True))
    seen.page.evaluate("explorer.reveal(explorer.nodes.find(n => n.d.kind === 'ReLU'))")
    text = seen.page.locator("#panel").inner_text()
    for said in (
        "max(0, input)",
        "test_explore_page.py:",
        "net(x).square().sum()",
        "5×8",
        "float32",
        "160 B",
        "‖∂‖",
        "zeros",
        "dead channels",
        "Sequential.0",
    ):
        assert said in text, said
    assert seen.page.locator("#panel .histogram .bin").count() > 2
    seen.page.evaluate("explorer.reveal(explorer.nodes.find(n => n.d.name === '2'))")
    text = seen.page.locator("#panel").inner_text()
    assert "shared with" in text  # the result of the ReLU, which that keeps already
    assert "in_features=8, out_features=2, bias=True" in text


def test_the_panel_shows_entries_and_their_gradients(show: Any) -> None:
    ac.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(3, 2), nn.Tanh()), ac.rand(4, 3)
    seen = show(draw.explore(lambda x: (net(x) ** 2).sum(), x, backward=True), motion="reduce")
    page = seen.page
    n = page.evaluate("explorer.nodes.find(n => n.d.kind === 'Linear').id")
    page.evaluate("n => explorer.reveal(explorer.nodes[n])", n)
    seen.settle()
    tables = page.locator("#panel .entries table")
    assert [t.locator("tr").count() for t in tables.all()] == [4, 2, 1]  # the result, the weight, the bias
    assert tables.nth(1).locator("td").count() == tables.nth(1).locator(".grad").count() == 6
    assert "∂E/∂W11 = ∂E/∂O11·X11" in page.locator("#panel").inner_text()


def test_a_line_of_the_program_lights_what_it_makes(show: Any) -> None:
    def work(x: Any) -> Any:
        y = x.exp() + 1
        return y.sum()

    seen = show(draw.explore(work, ac.rand(3)), motion="reduce")
    seen.page.evaluate("explorer.reveal(explorer.nodes.find(n => n.d.name === 'exp'))")
    seen.page.locator("#panel [data-place]").click()
    seen.settle()
    lit = [
        seen.page.evaluate("n => explorer.path(explorer.nodes[n])", int(e.get_attribute("data-n")))
        for e in seen.page.locator(".node.lit").all()
    ]
    assert sorted(lit) == ["add", "exp"]
    seen.page.keyboard.press("Escape")


def test_where_the_gradient_vanished(show: Any) -> None:
    net = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(6, 6), nn.Sigmoid())])
    seen = show(draw.explore(lambda x: net(x).sum(), ac.rand(3, 6), backward=True, color_by="weights' gradient"), motion="reduce")
    seen.page.locator("#vanished").click()
    assert "The gradient falls at Sequential." in seen.page.locator("#note").inner_text()
    assert seen.focused().startswith("Sequential.")
    assert "‖∂‖ / ‖w‖" in seen.page.locator("#scale").inner_text()

    class Cut(nn.Module):
        def forward(self, x: Any) -> Any:
            return (x.relu() * 0).sum()

    seen = show(draw.explore(Cut(), ac.rand(3, requires_grad=True), backward=True), motion="reduce")
    seen.page.locator("#vanished").click()
    assert "The gradient is zero at relu" in seen.page.locator("#note").inner_text()


def test_hover_lights_what_comes_before_and_after(show: Any) -> None:
    seen = show(inception(), motion="reduce")
    page = seen.page
    page.evaluate("explorer.reveal(explorer.nodes.find(n => explorer.path(n) === 'inception3a.branch2'))")
    seen.settle()
    n = page.evaluate("explorer.nodes.find(n => explorer.path(n) === 'inception3a.branch2').id")
    page.locator(f'.node[data-n="{n}"]').hover()
    seen.settle()
    dim = {page.evaluate("n => explorer.path(explorer.nodes[n])", int(e.get_attribute("data-n"))) for e in page.locator(".node.dim").all()}
    assert dim == {"inception3a.branch1", "inception3a.branch3", "inception3a.branch4"}


def test_this_view_as_svg(show: Any) -> None:
    seen = show(inception())
    with seen.page.expect_download() as saved:
        seen.page.locator("#save").click()
    assert saved.value.suggested_filename == "GoogLeNet.svg"
    root = ElementTree.parse(saved.value.path()).getroot()
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"inception5b", "conv1", "output"} <= set(texts)  # also what is out of sight
    assert "var(" not in Path(saved.value.path()).read_text("utf-8")


def test_moving_the_camera(show: Any) -> None:
    seen = show(inception(), motion="reduce")
    page = seen.page
    look = lambda: page.evaluate("document.getElementById('world').getAttribute('transform')")
    places = [look()]
    page.mouse.move(300, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(80)
    places.append(look())
    page.mouse.down()
    page.mouse.move(380, 470, steps=4)
    page.mouse.up()
    page.wait_for_timeout(80)
    places.append(look())
    page.locator("#map").click(position={"x": 75, "y": 120})
    page.wait_for_timeout(80)
    places.append(look())
    page.keyboard.press("0")
    page.wait_for_timeout(80)
    places.append(look())
    assert len(set(places)) == 5
    assert page.locator(".selected").count() == 0  # to drag is not to choose
    # Two fingers that part make it larger.
    client = page.context.new_cdp_session(page)
    before = page.evaluate("document.getElementById('world').getCTM().a")
    touch = lambda kind, *xs: client.send(
        "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": 300, "id": i} for i, x in enumerate(xs)]}
    )
    touch("touchStart", 400)
    touch("touchStart", 400, 500)
    for k in range(1, 6):
        touch("touchMove", 400 - 20 * k, 500 + 20 * k)
    touch("touchEnd")
    page.wait_for_timeout(80)
    assert page.evaluate("document.getElementById('world').getCTM().a") > 1.5 * before


def test_a_failed_forward_is_what_one_sees_first(show: Any) -> None:
    seen = show(draw.explore(Wrong(), ac.rand(1, 3, 8, 8)))
    assert seen.page.locator(".card.failure").is_visible()
    text = seen.page.locator("#panel").inner_text()
    assert "an input whose last size is in_features=10" in text
    assert "shape [1, 144]" in text


HOSTILE = "</script><img src=x onerror=window.hit=1>'\"&\u202eabc"


def test_hostile_names_stay_text(show: Any) -> None:
    kind = type(HOSTILE, (nn.Sequential,), {"extra_repr": lambda self: HOSTILE})
    inner = kind(nn.Linear(2, 2), nn.ReLU())
    net = nn.Sequential()
    net.add_module(HOSTILE.replace(".", ""), inner)
    net.add_module("b", nn.Linear(2, 2))
    seen = show(
        draw.explore(net, ac.rand(1, 2), title=HOSTILE, label=lambda part: HOSTILE if part.role == "module" else None), motion="reduce"
    )
    page = seen.page
    page.evaluate("explorer.reveal(explorer.nodes[2])")
    page.keyboard.press("/")
    page.keyboard.type("img")
    page.wait_for_timeout(50)
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0
    assert HOSTILE in page.title()
    assert HOSTILE in page.locator("#found").inner_text()
    ElementTree.fromstring(page.evaluate("explorer.svg()"))


def test_in_the_frame_of_a_notebook(browser: Any, tmp_path: Path) -> None:
    """Sandboxed, without an origin, it works all the same and reaches nothing around it."""
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><body>{inception()._repr_html_()}</body>", "utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(f"file://{path}")
    frame = page.frame_locator("iframe")
    frame.locator(".node").first.wait_for()
    frame.locator(".node", has_text="inception3a").first.click(position={"x": 40, "y": 12})
    frame.locator(".node", has_text="branch1").first.wait_for()
    assert not said
    page.close()


def test_on_a_narrow_screen(show: Any) -> None:
    seen = show(inception(), width=420)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 420
    assert seen.page.locator(".node").count() > 2


def deep(layers: int) -> Any:
    """So many layers in ten blocks, all open."""
    size = layers // 20
    blocks = [nn.Sequential(*[m for _ in range(size) for m in (nn.Linear(4, 4), nn.ReLU())]) for _ in range(10)]
    return nn.Sequential(*blocks)


@pytest.mark.slow
def test_a_thousand_layers_open_in_two_seconds_and_move_smoothly(show: Any) -> None:
    seen = show(draw.explore(deep(1000), ac.rand(2, 4), open=10))
    assert seen.page.evaluate("explorer.ready") < 2000  # milliseconds since the file was asked for
    assert seen.page.locator(".node").count() > 3
    assert len(seen.names()) > 1000
    block = seen.page.evaluate("explorer.nodes.find(n => n.children.length > 50).id")
    frames = seen.page.evaluate(
        """async n => {
          const counted = [];
          for (const open of [false, true]) {
            explorer.open(explorer.nodes[n], open);
            const began = performance.now();
            let frames = 0;
            while (performance.now() - began < 240) { await new Promise(requestAnimationFrame); frames++; }
            counted.push(frames / 0.24);
          }
          return counted;
        }""",
        block,
    )
    assert min(frames) > 30


@pytest.mark.slow
def test_everything_open_at_once_does_not_hang(show: Any) -> None:
    seen = show(draw.explore(models.densenet121().eval(), ac.rand(1, 3, 64, 64), open=0), motion="reduce")
    took = seen.page.evaluate(
        """() => {
          for (const n of explorer.nodes) n.open = n.children.length > 0;
          const first = explorer.nodes.find(n => n.children.length);
          first.open = false;
          explorer.nodes.forEach(n => { n.layout = null; });
          const began = performance.now();
          explorer.open(first, true, false);
          return performance.now() - began;
        }"""
    )
    assert len(seen.names()) > 480
    assert took < 1000


def test_a_comparison(show: Any) -> None:
    one = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))
    other = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.1), nn.Linear(4, 3))
    seen = show(draw.compare(one, other, ac.rand(2, 4)))
    names = [t.text_content() for t in seen.page.locator(".node .name").all()]
    assert {"− 1", "+ 1", "+ 2", "≠ 3"} <= set(names)
    assert seen.page.locator(".line.removed").count() == 1
    seen.page.evaluate("explorer.reveal(explorer.nodes.find(n => n.d.name === '3'))")
    assert "in_features=4, out_features=2, bias=True" in seen.page.locator("#panel").inner_text()
    assert "what changed" in seen.page.locator("#scale").inner_text()


# ------------------------------------------------------------------------------------------------- entry by entry
@pytest.mark.parametrize("dark", [False, True])
def test_the_panel_draws_an_operation_entry_by_entry(show: Callable[..., Seen], dark: bool) -> None:
    """The figure that `draw.expand` makes, in the page's colours; a click shows it at its own size."""
    ac.manual_seed(0)
    conv, x = nn.Conv2d(1, 1, 2), ac.rand(1, 1, 3, 3)
    seen = show(draw.explore(conv, x), dark=dark)
    drawn = draw.expand(conv(x))
    page = seen.page
    page.evaluate("explorer.reveal(explorer.nodes.find(n => n.d.figure !== undefined))")
    button = page.locator("#panel button.figure")
    button.wait_for(state="visible")
    picture = page.evaluate("(() => { const s = document.querySelector('#panel .picture-of').shadowRoot.querySelector('svg'); "
        "return [s.querySelector('title').textContent, s.viewBox.baseVal.width, s.viewBox.baseVal.height, "
        "getComputedStyle(s.querySelector('text')).fill]; })()")  # fmt: skip
    assert picture[0] == drawn.scene.title
    assert picture[1:3] == pytest.approx([drawn.scene.width, drawn.scene.height], abs=1)
    channels = [int(c) for c in picture[3].removeprefix("rgb(").removesuffix(")").split(",")]
    assert (min(channels) > 128) == dark
    button.press("Enter")
    page.locator("#figure").wait_for(state="visible")
    width = page.evaluate("document.querySelector('#figure .picture-of').shadowRoot.querySelector('svg').getBoundingClientRect().width")
    assert width == pytest.approx(drawn.scene.width, abs=2)
    page.keyboard.press("Escape")
    assert not page.locator("#figure").is_visible()


def test_a_page_holds_few_drawings_and_none_of_large_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 small layers some are drawn, within 72,000 characters, and no more are made than twelve; of large ones none."""
    made: list[Any] = []
    monkeypatch.setattr(document, "entry_figure", lambda *given: made.append(given) or entry_figure(*given))
    small = draw.explore(nn.Sequential(*(m for _ in range(20) for m in (nn.Linear(3, 3), nn.Tanh()))), (1, 3)).document
    assert 6 < len(small["figures"]) <= 12
    assert sum(map(len, small["figures"])) <= 72_000
    assert sorted(n["figure"] for n in small["nodes"] if "figure" in n) == list(range(len(small["figures"])))
    assert len(made) == 12
    assert not draw.explore(nn.Sequential(nn.Linear(40, 40), nn.ReLU()), (2, 40)).document["figures"]
    assert len(made) == 12


def test_a_comparison_keeps_the_drawings_of_what_was_removed() -> None:
    one, other = nn.Sequential(nn.Linear(3, 3), nn.Tanh()), nn.Sequential(nn.Linear(3, 3))
    for first, second in ((one, other), (other, one)):
        found = draw.compare(first, second, (1, 3)).document
        tanh = next(n for n in found["nodes"] if n.get("op") == "tanh")
        source = gzip.decompress(base64.b64decode(found["figures"][tanh["figure"]])).decode()
        assert "<title" in source and "tanh" in source.split("</title>")[0]
