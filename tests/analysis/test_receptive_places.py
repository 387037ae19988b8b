"""Receptive fields entry by entry: for each place of the result, where the gradient of that entry is not zero."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.analysis.receptive import Field, Span, _unknown, receptive_fields
from autograd_cnn.nn import functional as F

H, W = 11, 13


def conv(x, k=3, **options):
    """A convolution of ones: nothing cancels."""
    channels = x.shape[1]
    sizes = (k, k) if isinstance(k, int) else k
    return F.conv2d(x, ac.ones(1, channels, *sizes), **options)


EXACT = {
    "a row": lambda x: conv(x)[:, :, 3],
    "a row from below": lambda x: conv(x)[:, :, -2],
    "a column": lambda x: conv(x, (1, 4))[..., 4],
    "a column from the right": lambda x: conv(x, (5, 1))[..., -1],
    "a place": lambda x: conv(x)[0, 0, 2, -3:],
    "rows of a sample": lambda x: conv(x)[0, :, 2::2],
    "new dimensions": lambda x: conv(x)[:, None, :, 1:, None, ::3],
    "the last dimensions only": lambda x: conv(x)[..., 2:, 1:-1],
    "the first dimension only": lambda x: conv(x)[0],
    "steps of steps": lambda x: conv(x)[:, :, ::2, ::3][:, :, 1:, 1:],
    "turned": lambda x: conv(x, (2, 5)).permute(3, 0, 2, 1),
    "turned and taken": lambda x: conv(x, (2, 5)).permute(3, 1, 0, 2)[4:, :, :, 1::2],
    "flattened and back": lambda x: conv(x).flatten(2).unflatten(2, (H - 2, W - 2)),
    "flattened, weighed and back": lambda x: (conv(x).flatten(2) * 2).reshape(1, 1, H - 2, W - 2),
    "other dimensions flattened": lambda x: conv(x).view(1, H - 2, W - 2).view(1, 1, 1, H - 2, W - 2),
    "channels in two": lambda x: ac.cat([conv(x)] * 4, 1).view(1, 2, 2, H - 2, W - 2).sum(2),
    "padding of each side": lambda x: conv(F.pad(conv(x), (1, 2, 3, 0)), 1),
    "padding after a step": lambda x: conv(F.pad(conv(x, 2, stride=2), (2, 1, 1, 0)), 2),
    "a border of zeros after steps": lambda x: conv(F.pad(conv(x, (2, 3), stride=(2, 3)), (1, 0, 2, 0)), (2, 1)),
    "mirrored after a step": lambda x: conv(F.pad(conv(x, (1, 2), stride=(1, 2)), (0, 0, 0, 0)), (1, 2)),
    "joined with what sees nothing": lambda x: ac.cat([conv(x), ac.ones(1, 3, H - 2, W - 2)], 1).sum(1),
    "below what sees nothing": lambda x: ac.cat([ac.ones(1, 1, 1, W - 2), conv(x)], 2),
    "few channels see more than many": lambda x: ac.cat([ac.cat([conv(x, 1)[..., 2:-2, 2:-2]] * 4, 1), conv(x, 5)], 1).sum(1),
    "many channels see more than few": lambda x: ac.cat([conv(x, 1)[..., 2:-2, 2:-2], ac.cat([conv(x, 5)] * 4, 1)], 1).sum(1),
    "taken in steps after a step": lambda x: conv(x, 2, stride=2)[:, :, 1::2, 2:],
    "sums of rows": lambda x: conv(x).sum(3),
    "means kept": lambda x: conv(x).mean(2, keepdim=True),
    "the largest of the channels": lambda x: ac.cat([conv(x), conv(x, 1)[..., 1:-1, 1:-1]], 1).sum(1),
    "softmax of rows": lambda x: conv(x).softmax(-1),
    "linear on rows": lambda x: F.linear(conv(x), ac.ones(4, W - 2)),
    "a sum that is spread": lambda x: conv(x, (3, 1)) + conv(x, (H, 1)),
    "pooling": lambda x: F.avg_pool2d(conv(x, 2), (2, 3), (2, 3)),
    "adaptive, without rest": lambda x: F.adaptive_avg_pool2d(conv(x, 2), (5, 4)),
    "adaptive to one": lambda x: F.adaptive_avg_pool2d(conv(x), (1, W - 2)),
    "dilation and stride": lambda x: conv(x, (3, 2), stride=(2, 1), dilation=(1, 4)),
}

ROUGH = {  # entries see unlike much: the field is that of the widest, or up to a step of the coarser grid more
    "adaptive, with a rest": (lambda x: F.adaptive_avg_pool2d(conv(x, 2), (4, 5)), 3),
    "adaptive, with another rest": (lambda x: F.adaptive_avg_pool2d(conv(x, 1), (4, 5)), 2),
    "adaptive, with a small rest": (lambda x: F.adaptive_avg_pool2d(conv(x, 1), (5, 6)), 2),
    "adaptive to more": (lambda x: F.adaptive_avg_pool2d(conv(x, 2), (14, 15)), 2),
    "nearest": (lambda x: F.interpolate(conv(x), scale_factor=2), 2),
    "two of nearest": (lambda x: conv(F.interpolate(conv(x), scale_factor=3), 2), 1),
    "nearest to other sizes": (lambda x: F.interpolate(conv(x), (13, 20)), 2),
    "nearest to fewer": (lambda x: F.interpolate(conv(x), (5, 4)), 3),
    "bilinear": (lambda x: F.interpolate(conv(x), scale_factor=2, mode="bilinear"), 2),
    "bilinear to other sizes": (lambda x: F.interpolate(conv(x), (14, 18), mode="bilinear"), 2),
    "transposed": (lambda x: F.conv_transpose2d(conv(x, 1, stride=2), ac.ones(1, 1, 3, 3), stride=2), 2),
    "as weights of another convolution": (lambda x: F.conv2d(ac.ones(1, 1, 20, 20), conv(x)[:, :, 2:5, :4]), 1000),
    "as weights and as values": (lambda x: F.conv2d(x[:, :, 2:], x[:, :, :3, :3]), 1000),
    "products of matrices": (lambda x: conv(x) @ ac.ones(W - 2, W - 2), 1000),  # either factor counts as mixed
    "reshaped across rows": (lambda x: conv(x).reshape(1, 1, W - 2, H - 2), 1000),
    "flattened, then otherwise": (lambda x: conv(x).flatten(2).reshape(1, 1, W - 2, H - 2), 1000),
}


def seen(fn, x):
    """For each place of the result, the first and last place of the input along each spatial dimension that it depends on."""
    x = x.detach().requires_grad_()
    out = fn(x)
    for place in itertools.product(*map(range, out.shape)):
        (g,) = ac.autograd.grad(out[place], x, retain_graph=True)
        touched = np.abs(g.numpy()).sum((0, 1))
        if touched.any():  # some see nothing but padding
            yield place, [(int(w.min()), int(w.max())) for w in np.nonzero(touched)]


def check(fn, slack):
    ac.manual_seed(0)
    x = ac.rand(1, 1, H, W) + 0.5
    graph = ac.trace(fn, x)
    field = receptive_fields(graph)[graph.outputs[0]]
    assert isinstance(hash(field), int)
    widest = [0, 0]
    missed = {(axis, end): 1000 for axis in (0, 1) for end in (0, 1)}
    for place, spans in seen(fn, x):
        for axis, (first, last) in enumerate(spans):
            span = field.spans[axis]
            shift = 0 if span.dim is None else place[span.dim] * span.jump
            low, high = math.floor(span.low + shift), span.high + shift  # an entry between two places begins with the one before it
            assert low <= first, f"entry {place} sees {first} along {axis}, the field begins at {low}"
            assert high >= last, f"entry {place} sees {last} along {axis}, the field ends at {high}"
            missed[axis, 0] = min(missed[axis, 0], first - low)
            missed[axis, 1] = min(missed[axis, 1], high - last)
            widest[axis] = max(widest[axis], last - first + 1)
    assert all(gap <= slack for gap in missed.values()), f"the field is wider than any entry needs: {missed}"
    assert all(seen <= said <= seen + slack for seen, said in zip(widest, field.size, strict=True)), f"{field.size} instead of {widest}"


@pytest.mark.parametrize("name", EXACT)
def test_every_entry_sees_that_and_some_see_all_of_it(name):
    check(EXACT[name], 0)


@pytest.mark.parametrize("name", ROUGH)
def test_every_entry_sees_no_more_than_that(name):
    check(*ROUGH[name])


@pytest.mark.parametrize("size", [(22, 26), (33, 39), (21, 30), (12, 14)])
def test_between_two_places_are_two(size):
    graph = ac.trace(lambda x: F.interpolate(x, size, mode="bilinear"), ac.zeros(1, 1, H, W))
    assert receptive_fields(graph)[graph.outputs[0]].size == (2, 2)


def test_spatial_dimensions_of_a_plain_matrix():
    graph = ac.trace(lambda x: (x[:, 2:] + x[:, :-2])[:, ::3], ac.zeros(2, 9))
    field = receptive_fields(graph)[graph.outputs[0]]
    assert [(s.dim, s.low, s.high, s.jump) for s in field.spans] == [(1, 0, 2, 3)]
    assert (field.size, field.jump) == ((3,), (3,))


def test_a_dimension_of_one_is_seen_whole():
    net = nn.Conv2d(1, 1, (1, 3))
    graph = ac.trace(net, ac.zeros(1, 1, 1, 9))
    field = receptive_fields(graph)[graph.outputs[0]]
    assert (field.size, field.jump) == ((1, 3), (0, 1))


def test_a_dimension_of_two_is_one_as_any_other():
    graph = ac.trace(lambda x: conv(x, (1, 3)), ac.zeros(1, 1, 2, 9))
    field = receptive_fields(graph)[graph.outputs[0]]
    assert (field.size, field.jump) == ((1, 3), (1, 1))


@pytest.mark.parametrize(
    ("before", "dim", "after", "to"),
    [
        ((2, 9), 1, (9,), 0),
        ((2, 9), 1, (3, 2, 9), 2),
        ((2, 9), 1, (2, 8), None),
        ((2, 9), 1, (), None),
        ((2, 9, 4), 1, (9,), None),
        ((2, 9, 4), 1, (9, 4), 0),
        ((2, 3, 9, 4), 2, (2, 3, 9, 1), 2),
        ((2, 3, 9, 4), 3, (2, 3, 9, 1), None),
    ],
)
def test_an_unknown_operation_keeps_what_stays_counted_from_the_right(before, dim, after, to):
    (span,) = _unknown({}, Field((Span(dim, -1, 1, 2),)), before, after).spans
    last = 2 * (before[dim] - 1)
    assert span == (Span(to, -1, 1, 2) if to is not None else Span(None, -1, 1 + last))


def test_halves_that_are_joined_count_as_mixed():
    graph = ac.trace(lambda x: ac.cat([conv(x, 1), conv(x, 1)], 2), ac.zeros(1, 1, H, W))
    rows, columns = receptive_fields(graph)[graph.outputs[0]].spans
    assert (rows.dim, rows.size, columns.dim, columns.size) == (None, H, 3, 1)


def test_numbers_have_no_places():
    graph = ac.trace(lambda a, b: a * 2.0 + b, ac.Scalar(1.0), ac.Scalar(2.0))
    assert {i: f.size for i, f in receptive_fields(graph).items()} == {graph.inputs[0]: (), **{s.outputs[0]: () for s in graph}}


def test_only_what_depends_on_that_input_has_a_field():
    graph = ac.trace(lambda a, b: (conv(a), conv(b, 2)), ac.zeros(1, 1, 5, 5), ac.zeros(1, 1, 6, 6))
    first, second = graph.outputs
    assert {first: receptive_fields(graph)[first].size} == {first: (3, 3)}
    assert second not in receptive_fields(graph)
    assert receptive_fields(graph, 1)[second].size == (2, 2) and first not in receptive_fields(graph, 1)
