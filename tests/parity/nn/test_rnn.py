"""Recurrent layers over packed sequences and `nn.utils.rnn` against torch; embeddings made of tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.tensors.tensor import wrap  # noqa: E402

from ..both import array, fail_alike  # noqa: E402

mine, theirs = ac.nn.utils.rnn, torch.nn.utils.rnn


def pair(x: Any, grad: bool = False) -> tuple[Any, Any]:
    return wrap(np.array(x), requires_grad=grad), torch.from_numpy(np.array(x)).requires_grad_(grad)


def same(a: Any, b: Any, tolerance: float = 1e-10) -> None:
    if b is None:
        assert a is None
    elif isinstance(b, tuple | list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y, tolerance)
    else:
        assert a.numpy(force=True).dtype == b.numpy(force=True).dtype
        np.testing.assert_allclose(a.numpy(force=True), b.numpy(force=True), rtol=tolerance, atol=tolerance)


LENGTHS = [([5, 4, 2, 2], True), ([5, 5, 5], True), ([2, 5, 1, 4], False), ([1], True)]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(("lengths", "ordered"), LENGTHS)
def test_packing(lengths: Any, ordered: bool, batch_first: bool) -> None:
    shape = (len(lengths), 5, 3) if batch_first else (5, len(lengths), 3)
    x, z = pair(array(shape), grad=True)
    a = mine.pack_padded_sequence(x, lengths, batch_first, ordered)
    b = theirs.pack_padded_sequence(z, torch.tensor(lengths), batch_first, ordered)
    same(tuple(a), tuple(b))
    for kwargs in ({}, {"batch_first": True}, {"padding_value": -1.5}, {"total_length": 7}):
        if kwargs.get("total_length") or max(lengths) == 5:
            same(mine.pad_packed_sequence(a, **kwargs), theirs.pad_packed_sequence(b, **kwargs))
    weights = array((7, len(lengths), 3), seed=3)
    (mine.pad_packed_sequence(a, total_length=7)[0] * wrap(weights)).sum().backward()
    (theirs.pad_packed_sequence(b, total_length=7)[0] * torch.from_numpy(weights)).sum().backward()
    same(x.grad, z.grad)
    same(mine.unpack_sequence(a), theirs.unpack_sequence(b))


def test_padding() -> None:
    parts = [array((n, 2), seed=n) for n in (3, 1, 4)]
    xs, zs = [wrap(p) for p in parts], [torch.from_numpy(p) for p in parts]
    for kwargs in ({}, {"batch_first": True}, {"padding_value": 2.0}, {"padding_side": "left", "batch_first": True}):
        same(mine.pad_sequence(xs, **kwargs), theirs.pad_sequence(zs, **kwargs))
    same(tuple(mine.pack_sequence(xs, enforce_sorted=False)), tuple(theirs.pack_sequence(zs, enforce_sorted=False)))
    padded = mine.pad_sequence(xs), theirs.pad_sequence(zs)
    same(mine.unpad_sequence(padded[0], ac.tensor([3, 1, 4])), theirs.unpad_sequence(padded[1], torch.tensor([3, 1, 4])))
    same(mine.pad_sequence([ac.tensor([1, 2]), ac.tensor([3])]), theirs.pad_sequence([torch.tensor([1, 2]), torch.tensor([3])]))


def test_packing_refuses() -> None:
    pack = (mine.pack_padded_sequence, theirs.pack_padded_sequence)
    x = array((5, 3, 2))
    fail_alike(*pack, x, np.array([2, 5, 1]), match="sorted in decreasing order")
    fail_alike(*pack, x, np.array([5, 2]), match="equal to batch_size")
    fail_alike(*pack, x, np.array([5, 2, 0]), match="greater than 0")
    with pytest.raises(RuntimeError, match="at most 5"):  # torch reads on beyond the padded batch
        mine.pack_padded_sequence(wrap(x), [6, 2, 1])
    fail_alike(mine.pad_sequence, theirs.pad_sequence, [], match="empty list")


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "batch_first": True}])
@pytest.mark.parametrize(("lengths", "ordered"), LENGTHS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_layers_over_packed_sequences(kind: str, lengths: Any, ordered: bool, options: Any) -> None:
    layers = []
    for library in (ac, torch):
        library.manual_seed(1)
        layers.append(getattr(library.nn, kind)(3, 4, **options).double())
    x, z = pair(array((5, len(lengths), 3)), grad=True)
    rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    start = array((rows, len(lengths), 4), seed=2)
    for given in (False, True):
        x.grad = z.grad = None
        ya, ea = layers[0](mine.pack_padded_sequence(x, lengths, enforce_sorted=ordered), state(kind, wrap(start)) if given else None)
        yb, eb = layers[1](
            theirs.pack_padded_sequence(z, torch.tensor(lengths), enforce_sorted=ordered),
            state(kind, torch.from_numpy(start)) if given else None,
        )
        same(tuple(ya), tuple(yb))
        same(ea, eb)
        ends = [(e[0] if kind == "LSTM" else e) for e in (ea, eb)]
        ((ya.data**2).sum() + (ends[0] * 3).sum()).backward()
        ((yb.data**2).sum() + (ends[1] * 3).sum()).backward()
        same(x.grad, z.grad)
    for p, q in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
        same(p.grad, q.grad)


def state(kind: str, x: Any) -> Any:
    return (x, x * 2) if kind == "LSTM" else x


def test_second_derivatives() -> None:
    layers = []
    for library in (ac, torch):
        library.manual_seed(1)
        layers.append(library.nn.LSTM(3, 2, 2).double())
    x, z = pair(array((3, 2, 3)), grad=True)
    (g,) = ac.autograd.grad((layers[0](x)[0] ** 2).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad((layers[1](z)[0] ** 2).sum(), z, create_graph=True)
    (g * g).sum().backward()
    (h * h).sum().backward()
    same(x.grad, z.grad)
    for p, q in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
        same(p.grad, q.grad)


def test_a_cell_is_a_layers_step() -> None:
    layer = ac.nn.GRU(3, 4)
    cell = ac.nn.GRUCell(3, 4)
    cell.load_state_dict({n.removesuffix("_l0"): v for n, v in layer.state_dict().items()})
    xs = ac.randn(6, 2, 3)
    whole, _ = layer(xs)
    h = None
    for t in range(6):
        h = cell(xs[t], h)
        np.testing.assert_allclose(h.detach().value, whole[t].detach().value, rtol=1e-5, atol=1e-6)


def test_names_and_switches() -> None:
    layer, other = ac.nn.LSTM(3, 4, 2, bidirectional=True), torch.nn.LSTM(3, 4, 2, bidirectional=True)
    assert [[tuple(w.shape) for w in ws] for ws in layer.all_weights] == [[tuple(w.shape) for w in ws] for ws in other.all_weights]
    layer.flatten_parameters()
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        ac.nn.LSTM(3, 4, dropout=0.5)
    packed = mine.pack_sequence([ac.ones(2, 3)])
    assert packed.double().data.dtype == np.float64
    assert not packed.is_cuda


def test_tables() -> None:
    table = array((5, 3), np.float32)
    a, b = ac.nn.Embedding.from_pretrained(wrap(table.copy())), torch.nn.Embedding.from_pretrained(torch.from_numpy(table.copy()))
    assert a.weight.requires_grad == b.weight.requires_grad is False
    assert repr(a) == repr(b)
    same(a(ac.tensor([1, 4])), b(torch.tensor([1, 4])))
    assert ac.nn.Embedding.from_pretrained(wrap(table), freeze=False).weight.requires_grad
    bag = (
        ac.nn.EmbeddingBag.from_pretrained(wrap(table.copy()), mode="sum"),
        torch.nn.EmbeddingBag.from_pretrained(torch.from_numpy(table), mode="sum"),
    )
    same(bag[0](ac.tensor([[1, 4]])), bag[1](torch.tensor([[1, 4]])))
    assert repr(bag[0]) == repr(bag[1])
    weights = array((2, 3), np.float32, seed=4)
    bag[0].weight.requires_grad_(True)
    bag[1].weight.requires_grad_(True)
    x, z = pair(weights, grad=True)
    at = np.array([[0, 1, 1], [4, 2, 0]])
    bag[0](wrap(at), per_sample_weights=x).square().sum().backward()
    bag[1](torch.from_numpy(at), per_sample_weights=z).square().sum().backward()
    same(x.grad, z.grad, 1e-5)
    same(bag[0].weight.grad, bag[1].weight.grad, 1e-5)
