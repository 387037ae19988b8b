"""The table of layers: the lectures' numbers, what it leaves untouched, what it says of unusual models."""

from __future__ import annotations

import html.parser
import re

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing.canvas.scene import Rect
from autograd_cnn.summaries.counting import how_many
from autograd_cnn.vision import models

from ..drawing.sound import check, texts


def of_kind(table, kind):
    return [r for r in table if r.kind == kind]


# ------------------------------------------------------------------------------------------------- known numbers
def test_lenet():
    table = ac.summary(models.lenet5(), (1, 32, 32))
    assert table.parameters == 61_706
    convs = of_kind(table, "Conv2d")
    assert [r.output_shape for r in convs] == [(1, 6, 28, 28), (1, 16, 10, 10), (1, 120, 1, 1)]
    assert [(r.formula, r.parameters) for r in convs][:2] == [("(1·5·5 + 1)·6", 156), ("(6·5·5 + 1)·16", 2_416)]
    assert [r.multiply_adds for r in convs] == [28 * 28 * 6 * 25, 10 * 10 * 16 * 6 * 25, 120 * 16 * 25]
    assert [r.receptive_field for r in convs] == [(5, 5), (14, 14), (32, 32)]
    assert [r.name for r in table if r.parameters] == ["conv1", "conv2", "conv3", "fc1", "fc2"]


@pytest.mark.usefixtures("nothing_drawn")
def test_alexnet_of_2012():
    table = ac.summary(models.alexnet2012().eval(), (3, 227, 227))
    sizes = [r.output_shape[-1] for r in table if len(r.output_shape) == 4]
    assert list(dict.fromkeys(sizes)) == [55, 27, 13, 6]
    assert table.parameters == 60_965_224
    assert of_kind(table, "Conv2d")[0].window == "11×11, stride 4"
    assert of_kind(table, "MaxPool2d")[-1].receptive_field == (195, 195)


@pytest.mark.usefixtures("nothing_drawn")
def test_vgg19_has_its_parameters_in_the_dense_layers():
    table = ac.summary(models.vgg19().eval(), (3, 32, 32))
    assert table.parameters == 143_667_240 == sum(r.parameters for r in table)
    assert table.shares["Linear"] == pytest.approx(0.86, abs=0.001)
    assert sum(r.share for r in table) == pytest.approx(1)


# Multiply-adds in thousand millions, as torchvision's documentation gives them for its published weights.
PUBLISHED = {
    "alexnet": 0.714,
    "resnet18": 1.814,
    "googlenet": 1.498,
    "mobilenet_v2": 0.301,
    "mobilenet_v3_small": 0.057,
    "shufflenet_v2_x1_0": 0.145,
    "squeezenet1_1": 0.349,
    "densenet121": 2.834,
    "resnet50": 4.089,
}


@pytest.mark.usefixtures("nothing_drawn")
@pytest.mark.parametrize(
    "name", [n if n not in ("resnet50", "densenet121") else pytest.param(n, marks=pytest.mark.slow) for n in PUBLISHED]
)
def test_multiply_adds_are_the_published(name):
    table = ac.summary(models.get_model(name).eval(), (3, 224, 224))
    assert table.multiply_adds / 1e9 == pytest.approx(PUBLISHED[name], abs=0.0006)


# ------------------------------------------------------------------------------------------------- memory
def test_memory_is_what_the_tape_holds():
    net = nn.Sequential(nn.Linear(3, 5), nn.Sigmoid(), nn.Linear(5, 2), nn.Flatten())
    table = ac.summary(net, (4, 3))
    assert [r.kept_bytes for r in table] == [4 * 3 * 4, 4 * 5 * 4, 0, 0]  # the input, σ's result; the second layer reads that too
    for p in net.parameters():
        p.requires_grad_(False)
    table = ac.summary(net, (4, 3))
    assert table.kept_bytes == 0
    assert (table.trainable, table.parameters) == (0, 32)


def test_the_batch_counts():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    one, four = ac.summary(net, (1, 8, 8)), ac.summary(net, (4, 1, 8, 8))
    assert four.multiply_adds == 4 * one.multiply_adds
    assert four.kept_bytes == 4 * one.kept_bytes


# ------------------------------------------------------------------------------------------------- what stays as it was
def test_the_model_stays_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    ac.manual_seed(1)
    ac.summary(net, (2, 1, 6, 6))
    after = float(ac.rand(1))
    ac.manual_seed(1)
    assert after == float(ac.rand(1))
    for k, v in net.state_dict().items():
        np.testing.assert_array_equal(v.numpy(), before[k])
    assert all(p.grad is None for p in net.parameters())
    assert net.training


# ------------------------------------------------------------------------------------------------- models of other kinds
def test_folded():
    net = models.cifar_resnet20()
    whole, folded = ac.summary(net, (3, 32, 32)), ac.summary(net, (3, 32, 32), depth=1)
    assert [r.name for r in folded if r.parameters] == ["conv1", "bn1", "layer1", "layer2", "layer3", "linear"]
    assert (folded.multiply_adds, folded.kept_bytes, folded.shares) == (whole.multiply_adds, whole.kept_bytes, whole.shares)
    assert folded.rows[3].formula == ""
    assert "cifar" not in str(folded)
    assert [r.kind for r in whole].count("Conv2d") == 19


def test_shared_layers_count_once():
    layer = nn.Linear(4, 4)
    table = ac.summary(nn.Sequential(layer, nn.ReLU(), layer), (4,))
    assert [(r.name, r.parameters, r.multiply_adds) for r in table] == [("0", 20, 16), ("1", 0, 0), ("0", 0, 16)]


def test_several_inputs_and_words():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 2), nn.Linear(5, 2)

        def forward(self, x, y):
            return self.a(x) * self.b(y)

    table = ac.summary(Two(), [(3,), (5,)])
    assert table.input_shapes == ((1, 3), (1, 5))
    assert [r.kind for r in table] == ["Linear", "Linear", "×"]
    words = ac.summary(models.text_cnn(vocab_size=20, embedding_dim=4, num_filters=2), (9,))
    assert words.rows[0].output_shape == (1, 9, 4)
    given = ac.summary(nn.Embedding(5, 2), input_data=ac.tensor([[1, 2]]))
    assert given.rows[0].output_shape == (1, 2, 2)


def test_parameters_that_took_no_part():
    net = models.googlenet(init_weights=False).eval()
    table = ac.summary(net, (3, 64, 64), depth=1)
    assert table.unused == 6_379_984
    assert "6,379,984 of them took no part in this run" in str(table)


def test_transposed_and_weight_norm():
    table = ac.summary(nn.ConvTranspose2d(4, 3, 2, stride=2), (4, 5, 5))
    assert table.rows[0].multiply_adds == 4 * 5 * 5 * 3 * 4
    assert sum(r.parameters for r in table) == table.parameters == 51
    table = ac.summary(models.TemporalConvNet(2, [3]), (2, 9))
    assert sum(r.parameters for r in table) == table.parameters
    assert of_kind(table, "Conv1d")[0].window == "2"


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        ([(6, 3, 5, 5), (6,)], "(3·5·5 + 1)·6"),
        ([(10, 4)], "4·10"),
        ([(7,), (7,)], "2·7"),
        ([(3, 2), (5,)], "2·3 + 5"),
        ([()], "1"),
        ([], ""),
    ],
)
def test_formulas(shapes, text):
    assert how_many(shapes) == text


# ------------------------------------------------------------------------------------------------- its forms
class _Tables(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.cells = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_html():
    class Odd(nn.Sequential):
        def extra_repr(self):
            return ""

    Odd.__name__ = "Odd<b>"
    table = ac.summary(Odd(nn.Linear(2, 3)), (2,))
    page = table._repr_html_()
    reader = _Tables()
    reader.feed(page)
    assert not reader.open
    assert "(2 + 1)·3 = 9" in reader.cells
    assert "Odd&lt;b&gt;" in page
    assert "script" not in page
    assert page.count("<tr>") == len(table) + 2


def test_text_and_data():
    table = ac.summary(nn.Sequential(nn.Conv2d(1, 6, 5), nn.Flatten()), (1, 9, 9))
    lines = str(table).splitlines()
    assert lines[0] == "Sequential, input 1×1×9×9, training"
    assert len({line.index("Conv2d") for line in lines if "Conv2d 5×5" in line}) == 1
    assert table.to_dicts()[0]["formula"] == "(1·5·5 + 1)·6"
    assert len(list(table)) == len(table) == 2


def test_memory_is_written_as_in_pictures():
    """Decimal units everywhere: 1,000 bytes are a kB, in a table and on a card."""
    net = nn.Sequential(nn.Linear(1000, 1000), nn.ReLU())
    x = ac.zeros(500, 1000)
    table = ac.summary(net, input_data=x)
    assert [r.kept_bytes for r in table] == [2_000_000, 2_000_000]
    assert str(table).count("2.0 MB") == 2
    assert "4.0 MB" in str(table)
    assert "4.0 MB" in ac.draw(net, x).svg
    assert not re.search(r"[KMG]iB", str(table) + table._repr_html_() + ac.draw.table(table).svg)


def test_german():
    net = nn.Sequential(nn.Conv2d(1, 6, 5, stride=2, dilation=2), nn.LeakyReLU(), nn.Flatten(), nn.Linear(1944, 10))
    table = ac.summary(net, (1, 44, 44), lang="de")
    lines = str(table).splitlines()
    assert lines[0] == "Sequential, Eingabe 1×1×44×44, Training"
    assert lines[1].split() == "Schicht Operation Ausgabe Parameter Multiplikationen für den Rückweg rezeptives Feld Anteil".split()
    assert "Conv2d 5×5, Schrittweite 2, Dehnung 2" in lines[3]
    assert "(1944 + 1)·10 = 19.450" in lines[6] and "99,2 %" in lines[6] and "alles" in lines[6]
    assert lines[8].split()[:2] == ["gesamt", "19.606"]
    assert lines[9] == "19.606 Parameter: 99,2 % Linear; 0,8 % Conv2d"
    assert "Rückweg" in table._repr_html_()
    assert table.rows[0].window == "5×5, stride 2, dilation 2"  # data speak English
    assert table.sheet("en") == ac.summary(net, (1, 44, 44)).sheet()
    with pytest.raises(ValueError, match="'en' or 'de', got 'fr'"):
        ac.summary(net, (1, 44, 44), lang="fr")


def test_windows_as_numbers():
    net = nn.Sequential(nn.Conv1d(4, 4, 3, stride=2, dilation=3, groups=2), nn.ReLU())
    conv, relu = ac.summary(net, (4, 20))
    assert (conv.kernel, conv.stride, conv.dilation, conv.groups) == ((3,), (2,), (3,), 2)
    assert (relu.kernel, relu.stride, relu.dilation, relu.groups, relu.window) == ((), (), (), 1, "")


def test_a_window_is_told_once():
    class Pooled(nn.Sequential):
        def forward(self, x):
            return nn.functional.avg_pool2d(super().forward(x), 2)

    row = ac.summary(Pooled(nn.ReLU()), input_data=ac.ones(1, 1, 4, 4)).rows[1]
    assert (row.kind, row.window) == ("avg pool", "2×2, stride 2")


# ------------------------------------------------------------------------------------------------- drawn
@pytest.mark.parametrize("lang", ["en", "de"])
def test_drawn(lang):
    table = ac.summary(models.lenet5(), (1, 32, 32), lang=lang)
    scene = ac.draw.table(table).scene
    check(scene)
    assert scene.lang == lang
    shown = texts(scene)
    for cells in (table.sheet().head, *table.sheet().rows, table.sheet().total):
        assert set(filter(None, cells)) <= set(shown)
    bars = {g.id: i.width for g, i in scene.walk() if isinstance(i, Rect)}
    assert bars["row-6"] / bars["row-9"] == pytest.approx(48_120 / 10_164)


def test_drawn_without_empty_columns():
    frozen = nn.Linear(3, 2)
    frozen.weight.requires_grad_(False)
    shown = texts(ac.draw.table(ac.summary(nn.Sequential(frozen, nn.ReLU()), input_data=ac.ones(4, 3))).scene)
    assert "receptive field" not in shown or "all" in shown
    assert "2 of them are trained" in shown
    assert "layer" not in texts(ac.draw.table(ac.summary(nn.ReLU(), input_data=ac.ones(2))).scene)


def test_not_drawn():
    with pytest.raises(TypeError, match=r"expected a summary, as in draw.table\(summary\(net, \(3, 32, 32\)\)\), got ReLU"):
        ac.draw.table(nn.ReLU())
    with pytest.raises(ValueError, match="201 layers are too many to be read"):
        ac.draw.table(ac.summary(nn.Sequential(*(nn.ReLU() for _ in range(201))), (2, 3)))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ac.summary(len, (3,)), "expected a Module"),
        (lambda: ac.summary(nn.Identity()), "either input_size"),
        (lambda: ac.summary(nn.Identity(), (3,), input_data=ac.ones(3)), "either input_size"),
    ],
)
def test_errors(call, text):
    with pytest.raises(TypeError, match=text):
        call()


def test_a_size_that_does_not_fit():
    with pytest.raises(RuntimeError) as error:
        ac.summary(nn.Sequential(nn.Linear(3, 2)).eval(), (5,))
    assert error.value.__notes__ == ["summary ran Sequential on an input of size (1, 5), as for evaluation: another size may fit."]
    with pytest.raises(ValueError, match="more than 1 value") as error:
        ac.summary(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), (3,))
    assert "a batch of two" in error.value.__notes__[0]


def test_lazy_layers_are_counted_as_what_they_become() -> None:
    def net() -> nn.Module:
        return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(3))

    lazy, known = net(), net()
    ac.manual_seed(0)
    found = ac.summary(lazy, (2, 3, 6, 6))
    drawn = ac.rand(1).item()
    ac.manual_seed(0)
    known(ac.zeros(2, 3, 6, 6))
    assert drawn == ac.rand(1).item()  # the draws of the parameters are not repeated
    assert str(found) == str(ac.summary(known, (2, 3, 6, 6)))
    assert found.parameters == 4 * 27 + 4 + 8 + 3 * 64 + 3 and "took no part" not in str(found)
    assert lazy[1].running_mean.tolist() == [0.0] * 4 and lazy[1].num_batches_tracked.item() == 0 and lazy.training
