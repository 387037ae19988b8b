"""A figure speaks one language: no English word in a German one, and every number written as that language writes it."""

from __future__ import annotations

import ast
import html
import re
from pathlib import Path

import pytest

import autograd_cnn.drawing
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.canvas.captions import CAPTIONS

from . import golden

# Names are not translated: of operations and their arguments, of classes, of element types, of what a program calls its modules, values
# and classes. The figures' own titles are the program's, too.
NAMES = set(
    """
    ReLU Tanh Linear Conv ConvTranspose BatchNorm MaxPool AvgPool Flatten RNNCell Sequential Inception GoogLeNet LeNet ResNet Residual BasicBlock
    Recurrent Cube Adam SGD RMSprop momentum Autoencoder float int NaN kB ex ln y²
    sigmoid leaky elu gelu
    relu tanh softmax matmul linear reshape permute cat exp sum mean max pool unpool avg batch norm conv transpose cross entropy flatten sub dropout
    adjoint adjoints spread switch where power to add mul div
    input weight bias target indices invstd saved other dim
    layer bn fc stem cell out ih hh downsample branch inception maxpool avgpool airplane bird dog
    Residuales Netz Bernoulli mi
    Himmel Haus Gehweg Fahrbahn Auto Mensch Schild
    """.split()
)
TITLES = ("Two-layer perceptron", "Residual network", "How far can the filter step?", "Autoencoder")
ARGUMENT = re.compile(r"\b\w+=(\((?:[^()]|\([^()]*\))*\)|'[^']*'|[^\s,;]+)")  # `stride=(2, 2)`: as one writes it in a call
FOUND = re.compile(r"[^\W\d_]{2,}")
NUMBER = re.compile(r"(?<![\w.,/])\d+(?:[.,]\d+)+(?![\w])")


def told(name: str, lang: str) -> tuple[str, ...]:
    """All that a golden figure says in a language: texts, tooltips, title and description."""
    svg = golden.drawn(name, lang).svg
    found = re.findall(r"<(title|desc|text)\b[^>]*>(.*?)</\1>", svg, re.S)
    return tuple(html.unescape(re.sub(r"<[^>]*>", "", text)) for _, text in found)


ENGLISH, GERMAN = ({word for pair in CAPTIONS.values() for word in FOUND.findall(pair[k])} for k in (0, 1))


def named_in_example(name: str) -> set[str]:
    """The names that the example of a method gives to things: what stands in quotes there, and is no English word of a figure."""
    if name not in golden.figures():
        return set()
    given = [n.value for n in ast.walk(ast.parse(golden.example(name))) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return {word for text in given for word in FOUND.findall(text)} - ENGLISH


QUOTING = {"failed_forward"}  # what an exception says, and the program's own names
SPEAKING = [name for name in golden.load() if name not in QUOTING]


@pytest.mark.parametrize("name", SPEAKING)
def test_every_word_is_german(name: str) -> None:
    english = {}
    for text in told(name, "de"):
        plain = ARGUMENT.sub("", text)
        for title in TITLES:
            plain = plain.replace(title, "")
        for word in FOUND.findall(plain):
            if word not in GERMAN | NAMES | named_in_example(name):
                english[word] = text
    assert not english, "a word that no figure declares (drawing/canvas/captions/), and that is no name"


@pytest.mark.parametrize("name", SPEAKING)
def test_every_number_is_german(name: str) -> None:
    """The two figures hold the same numbers, with the marks exchanged."""
    exchanged = str.maketrans(".,", ",.")
    german = {m for text in told(name, "de") for m in NUMBER.findall(ARGUMENT.sub("", text))}
    english = {m.translate(exchanged) for text in told(name, "en") for m in NUMBER.findall(ARGUMENT.sub("", text))}
    assert german == english


def test_one_term_for_each_thing() -> None:
    """Folding blocks is no convolution, though German has one word for both."""
    for key, (_, german) in CAPTIONS.items():
        assert not re.search(r"[Gg]efaltet|[Ff]alten", german), key
    german = {key: told for key, (english, told) in CAPTIONS.items() if english.lower() == "convolution"}
    assert len(german) >= 2
    assert set(german.values()) == {"Faltung"}


def test_numbers_become_text_in_one_place() -> None:
    """A number that a figure shows is written by `canvas/numbers.py`: nowhere else is one formatted."""
    root = Path(autograd_cnn.drawing.__file__).parent
    markup = {"canvas/numbers.py", "canvas/svg.py", "canvas/animation.py", "canvas/theme.py", "canvas/drawing.py", "canvas/frames.py"}
    found = []
    for path in sorted(root.rglob("*.py")):
        where = path.relative_to(root).as_posix()
        if where in markup or where.startswith("layout/"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        errors = {id(n) for e in ast.walk(tree) if isinstance(e, ast.Raise) or _warns(e) for n in ast.walk(e)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FormattedValue) and node.format_spec is not None and id(node) not in errors:
                spec = ast.unparse(node.format_spec)
                if re.search(r"[,gefd%]'?$", spec) and not (where == "tensor_graph/dot.py" and ".3f" in spec):  # DOT's own inches
                    found.append(f"{where}:{node.lineno} {ast.unparse(node)}")
    assert not found


def _warns(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("warnings.warn", "raise_too_many")


@pytest.mark.parametrize(("lang", "text"), [("en", "1234.5000"), ("de", "1234,5000")])
def test_the_precision_asked_for_is_the_precision_shown(lang: str, text: str) -> None:
    from autograd_cnn import Scalar

    drawn = draw(Scalar(1234.5, "a") * 1.0, precision=4, lang=lang)
    assert f">{text}</text>" in drawn.svg
