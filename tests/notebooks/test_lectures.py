"""The lecture notebooks: each runs from top to bottom, and what it shows is what its file holds."""

from __future__ import annotations

import ast
import re

import pytest

from tools import notebooks

NAMES = notebooks.names()
LECTURES = [n for n in NAMES if n[0].isdigit()]
MOST_BYTES = 3_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_shows_what_it_showed(name: str) -> None:
    before = notebooks.read(name)
    found = notebooks.differences(before, notebooks.executed(before))
    assert not found, f"{name}:\n" + "\n".join(found) + f"\nIf that is meant: python -m tools.notebooks {name}"


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_well_unrun(name: str) -> None:
    text = (notebooks.FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    contents = notebooks.read(name)
    assert text == notebooks.written(contents), f"{name}: written otherwise; python -m tools.notebooks {name}"
    assert len(text.encode()) < MOST_BYTES
    assert [i for i, c in enumerate(contents["cells"]) if not notebooks.source(c).strip()] == [], "empty cells"
    code = [c for c in contents["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    assert not [o for c in code for o in c["outputs"] if o["output_type"] == "error"]
    shown = "".join(notebooks.written(o) for c in code for o in c["outputs"])
    assert not re.search(r"/home/|/root/|/tmp/|[A-Z]:\\\\", shown), "a path of one machine"


@pytest.mark.parametrize("name", LECTURES)
def test_what_every_lecture_has(name: str) -> None:
    contents = notebooks.read(name)
    cells = contents["cells"]
    assert notebooks.source(cells[0]).startswith("# "), "a title"
    code = "\n".join(notebooks.source(c) for c in cells if c["cell_type"] == "code")
    assert "assert " in code, "numbers that are computed and checked"
    assert "manual_seed(" in code, "a seed"
    parameters = [notebooks.source(c) for c in cells if "parameters" in notebooks.tags(c)]
    assert len(parameters) == 1
    assert 'lang = "en"' in parameters[0]
    assert len(list(notebooks.solutions(contents))) >= 2, "two exercises with hidden solutions"
    assert any("image/svg+xml" in o.get("data", {}) for c in cells if c["cell_type"] == "code" for o in c["outputs"]), "a drawing"


@pytest.mark.parametrize("name", LECTURES)
def test_what_is_printed_is_in_the_lecture_s_language(name: str) -> None:
    """Numbers are written by `draw.sentence` and `draw.rows`: no cell formats and prints one itself."""
    found = []
    for i, cell in enumerate(notebooks.read(name)["cells"]):
        for node in ast.walk(ast.parse(notebooks.source(cell))) if cell["cell_type"] == "code" else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                formatted = [n for n in ast.walk(node) if isinstance(n, ast.FormattedValue) and n.format_spec]
                found += [f"cell {i}: {ast.unparse(node)}"] * bool(formatted)
    assert not found


def test_the_index_leads_to_each() -> None:
    text = "".join(notebooks.source(c) for c in notebooks.read("index")["cells"])
    assert sorted(re.findall(r"\]\((\w+)\.ipynb\)", text)) == LECTURES


def test_links_lead_somewhere() -> None:
    for name in NAMES:
        for cell in notebooks.read(name)["cells"]:
            for target in re.findall(r"\]\(([^)#\s]+)", notebooks.source(cell)) if cell["cell_type"] == "markdown" else ():
                assert target.startswith("https://") or (notebooks.FOLDER / target).exists(), f"{name}: {target}"
