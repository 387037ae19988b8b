"""A notebook as a page: its texts, its code, and what its file holds of what the code printed and drew. Nothing is run."""

from __future__ import annotations

import re
from typing import Any

from tools.notebooks import read, source

from .parts import Parts
from .sources import PRINTED, rewritten

HEAD = """
[Download the notebook]({name}.ipynb){{ download .md-button }}
"""


def heading(name: str) -> str:
    """A notebook's title, in the navigation: with its number."""
    title = source(read(name)["cells"][0]).splitlines()[0].lstrip("# ")
    return f"{int(name[:2])}. {title}" if name[:2].isdigit() else title


def page(name: str, parts: Parts) -> str:
    """The Markdown of a notebook's page."""
    made = []
    for cell in read(name)["cells"]:
        text = source(cell)
        if cell["cell_type"] == "markdown":
            text = rewritten(parts.with_math(text), f"notebooks/{name}.ipynb", f"lectures/{name}.md", parts)
            made.append(text.replace("<details>", '<details markdown="1">'))
        else:
            made += [f"```python\n{text.rstrip()}\n```", *shown(cell["outputs"], parts)]
    head, rest = made[0], made[1:]
    button = HEAD.format(name=name) if name[:2].isdigit() else ""
    return "\n\n".join([head, button, *rest]) + "\n"


def shown(outputs: list[dict[str, Any]], parts: Parts) -> list[str]:
    """The outputs of a cell."""
    found: list[tuple[str, str]] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            text = "".join(output["text"])
            if found and found[-1][0] == "text":
                text = found.pop()[1] + text
            found.append(("text", text))
        elif kind in ("execute_result", "display_data"):
            found.append(_best({k: "".join(v) for k, v in output["data"].items()}, parts))
        else:
            raise ValueError(f"docs.site: a notebook's output of the kind {kind!r}")
    return [made if kind == "part" else f"{PRINTED}\n{made.rstrip()}\n```" for kind, made in found if made.strip()]


def _best(data: dict[str, str], parts: Parts) -> tuple[str, str]:
    """Of several forms of one output the one that a notebook shows."""
    if "text/html" in data:
        film = "<svg" in data["text/html"]
        return "part", (parts.film if film else parts.table)(data["text/html"])
    if "image/svg+xml" in data:
        return "part", parts.figure(data["image/svg+xml"])
    if "image/png" in data:
        return "part", parts.put(f'<figure class="drawing"><img alt="" src="data:image/png;base64,{data["image/png"].strip()}"></figure>')
    if "text/latex" in data:
        return "part", parts.math(re.sub(r"^\$+|\$+$", "", data["text/latex"].strip()), block=True)
    return "text", data["text/plain"]
