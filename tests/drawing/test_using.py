"""`draw.using`: defaults of one's own for all figures."""

from __future__ import annotations

import inspect
import pickle

import pytest

from autograd_cnn import Scalar, draw


def test_each_figure_gets_what_it_has() -> None:
    mine = draw.using(lang="de", theme="print", precision=1)
    a = Scalar(2.0, "a")
    drawing = mine(a * 3, backward=True)
    assert (drawing.scene.lang, drawing.theme) == ("de", "print")
    assert drawing.svg == draw(a * 3, backward=True, lang="de", theme="print", precision=1).svg
    assert mine(a * 3, lang="en").scene.lang == "en"
    assert mine.filters([[[[1.0]]]]).scene.lang == "de"  # has no precision
    assert draw(a * 3).scene.lang == "en"  # draw itself is as it was


def test_on_top_of_one_another_and_pickled() -> None:
    mine = pickle.loads(pickle.dumps(draw.using(lang="de").using(theme="dark")))
    drawing = mine.pooling([[1, 2], [3, 4]], 2).overview
    assert (drawing.scene.lang, drawing.theme) == ("de", "dark")
    assert inspect.signature(mine.filters).parameters["lang"].default == "de"


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"lng": "de"}, TypeError, "no figure has an option 'lng'. Did you mean 'lang'"),
        ({"lang": "fr"}, ValueError, "'en' or 'de'"),
        ({"theme": "blue"}, ValueError, "auto, light, dark, print"),
    ],
)
def test_what_there_is_not(options: dict[str, str], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        draw.using(**options)
