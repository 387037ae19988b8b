"""Receptive fields against where the gradient of one entry is not zero."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.analysis.receptive import receptive_fields
from autograd_cnn.nn import functional as F


class Net(nn.Module):
    """A function with layers."""

    def __init__(self, run, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.run = run

    def forward(self, x):
        return self.run(x, *self.layers)


def conv(i=1, o=1, k=3, **options):
    return nn.Conv2d(i, o, k, **options)


def field_of(net, x):
    graph = ac.trace(net, x)
    return receptive_fields(graph)[graph.outputs[0]]


def support(net, x, at):
    """First and last place along each spatial dimension that the entry `at` of the output depends on."""
    for p in net.parameters():
        p.data.abs_().add_(0.1)  # nothing cancels
    x = x.requires_grad_()
    net(x)[at].sum().backward()
    touched = np.abs(x.grad.numpy()).sum((0, 1))
    return [(int(w.min()), int(w.max())) for w in np.nonzero(touched)]


NETS = {
    "three convolutions": nn.Sequential(conv(), conv(), conv()),
    "stride": nn.Sequential(conv(k=5, stride=2), conv(), conv(k=(1, 3), stride=(1, 2))),
    "dilation": nn.Sequential(conv(dilation=1), conv(dilation=2), conv(dilation=4)),
    "padding": nn.Sequential(conv(padding=1), conv(k=4, padding=3, stride=3)),
    "pooling": nn.Sequential(conv(), nn.MaxPool2d(2), conv(), nn.AvgPool2d(3, 2, padding=1)),
    "transposed": nn.Sequential(conv(stride=2), nn.ConvTranspose2d(1, 1, 2, stride=2), conv()),
    "groups": nn.Sequential(conv(1, 4), conv(4, 4, groups=4), conv(4, 2, 1)),
    "residual": Net(lambda x, a, b: a(x) + b(a(x)), conv(padding=1), conv(padding=1)),
    "inception": Net(lambda x, a, b: ac.cat([a(x), b(x)], 1), conv(padding=1), conv(k=5, padding=2)),
    "the wider end now of one branch, now of the other": Net(
        lambda x, a, b: a(F.pad(x, (3, 0, 0, 3))) + b(F.pad(x, (0, 3, 3, 0))), conv(k=4), conv(k=4)
    ),
    "the wider first": Net(lambda x, a, b: b(x) + a(x), conv(padding=1), conv(k=5, padding=2)),
    "back and forth": Net(lambda x, a, b: a(F.pad(x, (3, 0, 3, 0))) + b(F.pad(x, (0, 3, 0, 3))), conv(k=4), conv(k=4)),
    "forth and back": Net(lambda x, a, b: a(F.pad(x, (0, 3, 0, 3))) + b(F.pad(x, (3, 0, 3, 0))), conv(k=4), conv(k=4)),
    "padding of its own": Net(lambda x, a: a(F.pad(x, (2, 1, 3, 0))), conv()),
    "reflection": Net(lambda x, a: a(F.pad(x, (1, 1, 1, 1), mode="reflect")), conv()),
    "slices": Net(lambda x, a: a(x)[:, :, 2::2, 1:], conv()),
    "rows and columns exchanged": Net(lambda x, a: a(x.transpose(2, 3)), conv(k=(1, 5))),
    "channel shuffle": Net(lambda x, a: a(x).view(1, 2, 2, 38, 38).transpose(1, 2).reshape(1, 4, 38, 38), conv(1, 4)),
    "nearest": Net(lambda x, a: F.interpolate(a(x), scale_factor=2), conv(stride=2)),
    "bilinear": Net(lambda x, a: F.interpolate(a(x), scale_factor=2, mode="bilinear"), conv(stride=2)),
    "adaptive": nn.Sequential(conv(), nn.AdaptiveAvgPool2d(19)),
}


@pytest.mark.parametrize("name", NETS)
def test_as_wide_as_the_gradient_reaches(name):
    net = NETS[name]
    ac.manual_seed(0)
    x = ac.rand(1, 1, 40, 40)
    field = field_of(net, x)
    out = net(x)
    widest = [0, 0]
    for shift in range(4):  # an entry behind a transposed convolution sees more or less, as it falls
        at = tuple(s // 2 + shift - 1 for s in out.shape[2:])
        spans = support(net, x.detach(), (0, slice(None), *at))
        for axis, (first, last) in enumerate(spans):
            span = field.spans[axis]
            place = at[span.dim - 2]
            assert span.low + place * span.jump <= first, f"entry {place} sees {first}, the field begins later"
            assert span.high + place * span.jump >= last, f"entry {place} sees {last}, the field ends before"
            widest[axis] = max(widest[axis], last - first + 1)
    coarse = 2 if name in ("transposed", "nearest", "bilinear") else 0  # of a pixel of the maps that were enlarged
    assert all(seen <= said <= seen + coarse for seen, said in zip(widest, field.size, strict=True))


def test_the_numbers_of_the_lectures():
    def along(*dilations, kernel=3):
        net = nn.Sequential(*(nn.Conv1d(1, 1, kernel, dilation=d, padding=d * (kernel // 2)) for d in dilations))
        return field_of(net, ac.zeros(1, 1, 28)).size[0]

    assert along(1, 1, 1, 1, 1) == 11  # of 28: five layers of 3
    assert along(1, 1, 1, 1, 1, kernel=5) == 21
    assert along(1, 2, 4) == 15
    assert along(1, 2, 4, 8, 16) == 63


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.mean([2, 3]),
        lambda x: x.flatten(1),
        lambda x: F.adaptive_max_pool2d(x, 1),
        lambda x: x.sum(),
        lambda x: x.softmax(2).amax(3),
    ],
)
def test_what_sees_everything(make):
    field = field_of(make, ac.ones(1, 1, 6, 7))
    assert field.size == (6, 7)
    assert [s.dim for s in field.spans].count(None) >= 1
    assert field.jump[1] == 0


def test_normalisation_is_not_followed():
    x = ac.rand(2, 4, 9, 9)
    for norm in (nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4)):
        assert field_of(nn.Sequential(conv(4, 4), norm), x).size == (3, 3)


def test_squeeze_and_excitation_sees_everything():
    net = Net(lambda x, a: x * a(x.mean((2, 3), keepdim=True)), conv(k=1))
    assert field_of(net, ac.ones(1, 1, 12, 13)).size == (12, 13)


def test_words():
    net = nn.Sequential(nn.Embedding(10, 4), Net(lambda x, a: a(x.transpose(1, 2)), nn.Conv1d(4, 2, 3)))
    field = field_of(net, ac.zeros(1, 8, dtype=ac.int64))
    assert field.size == (3,)
