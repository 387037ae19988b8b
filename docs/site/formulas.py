"""LaTeX as MathML, which browsers set by themselves: no script, no font, no request."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree as Tree

from latex2mathml.converter import convert

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
PRIME = "′"  # a sign of its own height, which only fonts for mathematics expect to be raised
BEFORE_A_SIGN = set("=<>≤≥≈+−-·×/,(→←⋅")  # a minus after one of these belongs to what follows
FUNCTIONS = {"sin", "cos", "tan", "exp", "log", "ln", "tanh", "max", "min"}

_OPERATORS = re.compile(r"\\(arg|argmax|argmin)(?![A-Za-z])")  # which the converter does not know


def mathml(latex: str, block: bool = False) -> str:
    """A formula.

    Raises:
        ValueError: a command that is not known.
    """
    known = _OPERATORS.sub(r"\\operatorname{\1}", " ".join(latex.split()))
    made = convert(known, display="block" if block else "inline")
    unknown = re.search(r"\\[A-Za-z]+", html.unescape(made))
    if "<merror" in made or unknown:
        raise ValueError(f"docs.site: {unknown[0] if unknown else 'something'} in the formula {latex} cannot be set")
    Tree.register_namespace("", NAMESPACE)
    root = Tree.fromstring(made)
    for node in root.iter():
        node.tag = node.tag.removeprefix(f"{{{NAMESPACE}}}")
    _primes(root)
    for row in root.iter():
        _spaces(row)
    return Tree.tostring(root, encoding="unicode")


def _primes(node: Tree.Element) -> None:
    """w′ with its prime beside it, w′ⱼ with it behind the index."""
    for child in node:
        _primes(child)
        if child.tag in ("msup", "msubsup") and child[-1].text == PRIME:
            prime = child[-1]
            prime.tag = "mo"
            prime.attrib.update(lspace="0", rspace="0")
            child.remove(prime)
            base = child[0]
            if child.tag == "msubsup":
                base = Tree.Element("msub")
                base.extend(list(child))
            for old in list(child):
                child.remove(old)
            child.tag = "mrow"
            child.extend([base, prime])


def _spaces(row: Tree.Element) -> None:
    """What TeX knows of operators: the sign of a number, the name of a function, a bracket somewhat larger."""
    items = list(row)
    for before, node, after in zip([None, *items], items, [*items[1:], None], strict=False):
        if node.tag == "mo" and "maxsize" in node.attrib:
            node.attrib.clear()
            node.attrib["stretchy"] = "false"
        if node.tag == "mo" and node.text == "−" and before is not None and before.tag == "mo" and before.text in BEFORE_A_SIGN:
            node.attrib["form"] = "prefix"
        named = node.tag in ("mi", "mo") and (node.text or "") in FUNCTIONS
        if named and after is not None and after.tag in ("mi", "mn", "msub", "msup", "msubsup"):
            row.insert(list(row).index(after), Tree.Element("mspace", width="0.167em"))
