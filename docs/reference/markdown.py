"""Docstrings as Markdown: their formulas and shapes, arguments, errors and examples each in its own dress."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

from autograd_cnn.primitives.primitive import Primitive
from tools.stubs import signature_of

from .entries import Entry, is_operation, members

_MARKS = re.compile(r"([\\*_\[\]<>#|~^])")
_LABELS = re.compile(r"^(Args|Raises|Returns|Shape|Shapes|Source|Parameters|Note):\s*$")


def plain(text: str) -> str:
    """Text in which nothing but `code` means anything to Markdown."""
    parts = re.split(r"(``.*?``|`[^`]*`)", text)
    return "".join(p if i % 2 else _MARKS.sub(r"\\\1", p) for i, p in enumerate(parts))


def _paragraph(text: str) -> str:
    """Its formula, then its shapes: three spaces part them."""
    lines = [re.sub(r"\s*\n\s*", " ", part.strip()) for part in re.split(r" {3,}", text)]
    head, *rest = [line for line in lines if line] or [""]
    label = re.match(r"(Parameters:)\s", head)
    if label:
        head = f"**{label[1].rstrip(':')}** {plain(head[label.end() :])}"
        return "\n\n".join([head, *map(plain, rest)])
    shapes = [
        f"*{'Source' if part.startswith('[') else 'Shape' if '→' in part or part.startswith('(') else 'Note'}:* {plain(part)}"
        for part in rest
    ]
    return "<br>\n".join([plain(head), *shapes])


def listed(block: str) -> list[str]:
    """Lines `name: text`, with their indented continuations."""
    items: list[str] = []
    for line in textwrap.dedent(block).splitlines():
        if line.startswith(" ") and items:
            items[-1] += f" {line.strip()}"
        elif line.strip():
            items.append(line.strip())
    return items


def _list(block: str) -> str:
    """Lines `name: text` as a list."""
    made = []
    for item in listed(block):
        name, colon, text = item.partition(": ")
        made.append(f"- `{name}`: {plain(text)}" if colon and " " not in name.replace(", ", ",") else f"- {plain(item)}")
    return "\n".join(made)


def docstring(text: str) -> str:
    """The whole docstring."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text))
    out: list[str] = []
    code: list[str] = []

    def flush() -> None:
        if code:
            out.append("```pycon\n" + "\n\n".join(code) + "\n```")
            code.clear()

    for block in blocks:
        block = textwrap.dedent(block)
        if not block.strip():
            continue
        first, _, rest = block.partition("\n")
        if block.lstrip().startswith(">>>"):
            code.append(block)
            continue
        flush()
        if first.strip() == "Returns:":
            out.append(f"**Returns**\n\n{_paragraph(textwrap.dedent(rest))}")
        elif _LABELS.match(first.strip()):
            out.append(f"**{first.strip().rstrip(':')}**\n\n{_list(rest)}")
        elif re.match(r"^\s*[-•] ", block):
            out.append("\n".join(re.sub(r"^\s*[-•] (.*)", lambda m: f"- {plain(m[1])}", line) for line in block.splitlines()))
        elif re.search(r"^\s*>>>", block, re.M):
            at = next(i for i, line in enumerate(block.splitlines()) if line.lstrip().startswith(">>>"))
            told, example = "\n".join(block.splitlines()[:at]), "\n".join(block.splitlines()[at:])
            out.append("**Example**" if told.strip() == "Example:" else _paragraph(told))
            code.append(textwrap.dedent(example))
        else:
            label = re.search(r"^(Args|Raises|Returns):$", block, re.M)
            if label:
                out.append(_paragraph(block[: label.start()]))
                out.append(f"**{label[1]}**\n\n{_list(block[label.end() :])}")
            else:
                out.append(_paragraph(block))
    flush()
    return "\n\n".join(o for o in out if o)


# ------------------------------------------------------------------------------------------------- signatures and sources
def _annotation(value: Any) -> str:
    text = value if isinstance(value, str) else getattr(value, "__name__", str(value))
    return text.replace("Array", "Tensor").replace("'", "")


def signature(name: str, value: Any) -> str:
    """How it is called, one argument a line where the line would be long."""
    try:
        given = signature_of(value) if isinstance(value, Primitive) else inspect.signature(value)
    except (TypeError, ValueError):
        return f"{name}(...)"
    parts, starred = [], False
    for p in given.parameters.values():
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred = starred or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        kind = "" if p.annotation is p.empty or p.annotation == "Any" else f": {_annotation(p.annotation)}"
        default = "" if p.default is p.empty else f"{' = ' if kind else '='}{_default(p.default)}"
        parts.append(f"{star}{p.name}{kind}{default}")
    result = given.return_annotation
    arrow = "" if result in (inspect.Signature.empty, "None", None) or inspect.isclass(value) else f" -> {_annotation(result)}"
    line = f"{name}({', '.join(parts)}){arrow}"
    return line if len(line) <= 96 else f"{name}(\n" + "".join(f"    {p},\n" for p in parts) + f"){arrow}"


def _default(value: Any) -> str:
    text = repr(value)
    return text if "object at" not in text and len(text) < 40 else "..."


def sources(value: Any) -> str:
    """The code: of a primitive its kernel and rules, which stand together in the file; of anything else what defines it."""
    parts: list[Any] = [value]
    if isinstance(value, Primitive):
        parts = [value.forward, *(rule for _, rule in value.groups)]
    found = []
    for part in parts:
        try:
            found.append(textwrap.dedent(inspect.getsource(inspect.unwrap(part))))
        except (OSError, TypeError):
            continue
    return "\n\n".join(_without_docstring(s) for s in dict.fromkeys(found))


def _without_docstring(source: str) -> str:
    return re.sub(r'\n\s+"""(?:[^"]|"(?!""))*"""', "", source, count=1).rstrip()


def folded(value: Any) -> str:
    """The code, folded away; a search does not find its words."""
    source = sources(value)
    if not source or len(source.splitlines()) > 120:
        return ""
    return f'<details class="quote" markdown="1" data-search-exclude><summary>Source</summary>\n\n```python\n{source}\n```\n\n</details>'


def _kept(value: Primitive) -> str:
    """What the tape keeps for the backward pass: the rules' own parameter names say it."""
    if not value.differentiable:
        return "*Gradient:* none."
    names = ", ".join(f"`{k.name}`" for k in value.keep) or "nothing"
    slope = f" *Local derivative:* {plain(value.derivative)}." if value.derivative else ""
    return f"*Kept for the backward pass:* {names}.{slope}"


# ------------------------------------------------------------------------------------------------- entries
def entry(e: Entry) -> str:
    """One entry: names, signature, text, source."""
    out = [f"## {plain(e.name)} {{ #{e.anchor} }}"]  # the anchor is the name as it is written
    if len(e.names) > 1:
        out.append("Also " + ", ".join(f"`{n}`" for n in e.names[1:]) + ".")
    out.append(f"```python\n{signature(e.names[0], e.value)}\n```")
    out.append(docstring(inspect.getdoc(e.value) or ""))
    if is_operation(e.value):
        out.append(_kept(e.value))
    if inspect.isclass(e.value):
        for name, member in members(e.value):
            head = name if isinstance(member, property) else signature(name, member)
            out.append(f"### {plain(e.name)}.{plain(name)} {{ #{e.anchor}.{name} }}")
            out.append(f"```python\n{head}\n```")
            out.append(docstring(inspect.getdoc(member) or ""))
    out.append(folded(e.value))
    return "\n\n".join(p for p in out if p)


def summary(value: Any) -> str:
    """The first sentence of a docstring, for a table."""
    first = re.split(r"\n\s*\n| {3,}", inspect.getdoc(value) or "")[0]
    text = " ".join(first.split())
    return text if len(text) <= 140 else f"{text[:137].rsplit(' ', 1)[0]} …"
