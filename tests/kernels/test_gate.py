"""What kernels of oneDNN are handed: arrays that fit what was planned, copies that do, or an error; never memory read in another order."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import channels_last, gate
from autograd_cnn.kernels.onednn.gate import Place, Takes
from tests.kernels.backends import F, both, needs_onednn, normal

ROWS, FLAT = Takes(gate.ROWS, (4, 6), 96), Takes(gate.FLAT, (24,), 96)
LAST, TURNED = Takes(gate.LAST, (2, 3, 2, 2), 96), Takes(gate.TURNED, (4, 6), 96)


def seen(takes: Takes, value: np.ndarray) -> np.ndarray:
    """The memory that a kernel would read."""
    (at,), copies = gate.addresses((takes,), (value,))
    array = copies[0] if copies else value
    assert at == array.__array_interface__["data"][0]
    return np.lib.stride_tricks.as_strided(channels_last.plain_view(array), (24,), (4,))


@pytest.mark.parametrize("how", ["as it is", "backwards", "columns", "fortran", "expanded", "frozen"])
def test_what_lies_otherwise_is_copied(how: str) -> None:
    x = normal(4, 6)
    x = {
        "as it is": x,
        "backwards": x[::-1],
        "columns": normal(4, 12)[:, ::2],
        "fortran": np.asfortranarray(x),
        "expanded": np.broadcast_to(x[:1], (4, 6)),
        "frozen": x,
    }[how]
    x.flags.writeable = how != "frozen"
    assert np.array_equal(seen(ROWS, x), x.ravel())
    assert np.array_equal(seen(TURNED, x), x.T.ravel())
    assert len(gate.addresses((ROWS,), (x,))[1]) == (how not in ("as it is", "frozen")), "no copy without need"
    maps = normal(2, 3, 2, 2)
    assert np.array_equal(seen(LAST, maps), np.moveaxis(maps, 1, -1).ravel())


@pytest.mark.parametrize(
    ("takes", "value"),
    [
        (ROWS, np.zeros((4, 5), np.float32)),
        (ROWS, np.zeros((4, 6))),
        (ROWS, np.zeros((4, 6), np.int32)),
        (LAST, np.zeros((2, 2, 2, 3), np.float32)),
        (TURNED, np.zeros((6, 4), np.float32)),
        (Takes(gate.BYTES, (), 8, None), np.zeros(9, np.uint8)),
        (ROWS, Place(1 << 20, 95)),
        (ROWS.written(), np.zeros((4, 12), np.float32)[:, ::2]),
        (LAST.written(), np.zeros((2, 3, 2, 2), np.float32)),
        (ROWS.written(), np.broadcast_to(np.float32(0), (4, 6))),
    ],
)
def test_what_does_not_fit_is_refused(takes: Takes, value: Any) -> None:
    with pytest.raises(RuntimeError, match=r"planned for .* was handed"):
        gate.addresses((takes,), (value,))


def test_one_order_for_all_entries() -> None:
    rows, last = normal(2, 3, 2, 2), channels_last.empty_last((2, 3, 2, 2))
    gate.addresses((FLAT, FLAT), (rows, rows.copy()))
    gate.addresses((FLAT, FLAT), (last, channels_last.empty_last(last.shape)))
    with pytest.raises(RuntimeError, match="was handed strides"):
        gate.addresses((FLAT, FLAT), (rows, last))
    with pytest.raises(RuntimeError, match="3 arguments was handed 2"):
        gate.addresses((FLAT, FLAT, FLAT), (rows, rows))


def test_what_is_written_to_is_never_a_copy() -> None:
    """Memory in the right order, that may be written to, or an error."""
    rows, turned = normal(4, 6), np.asfortranarray(normal(4, 6))
    for takes, value in (
        (ROWS, normal(4, 6)),
        (FLAT, normal(4, 6)),
        (FLAT, channels_last.empty_last((2, 3, 2, 2))),
        (LAST, channels_last.empty_last((2, 3, 2, 2))),
        (TURNED, np.asfortranarray(normal(4, 6))),
        (TURNED, normal(3, 6, 4).swapaxes(1, 2)[1]),
    ):
        (at,), copies = gate.addresses((takes.written(),), (value,))
        assert copies == []
        assert at == value.__array_interface__["data"][0]
        assert takes.written().output
        assert not takes.output
        value.flags.writeable = False
        with pytest.raises(RuntimeError, match=r"planned for writing .* was handed"):
            gate.addresses((takes.written(),), (value,))
        (at,), copies = gate.addresses((takes,), (value,))
        assert copies == []
        assert at == value.__array_interface__["data"][0]
    for takes, wrong in (
        (ROWS, turned),
        (ROWS, rows[:, ::-1]),
        (FLAT, turned),
        (FLAT, rows[::-1]),
        (TURNED, rows),
        (LAST, normal(2, 3, 2, 2)),
    ):
        with pytest.raises(RuntimeError, match="planned for writing"):
            gate.addresses((takes.written(),), (wrong,))


def test_bytes_and_working_memory() -> None:
    codes, takes = np.arange(12, dtype=np.uint8), Takes(gate.BYTES, (), 12, None)
    for given in (codes, codes.reshape(3, 4), np.zeros(3, np.float32)):
        (at,), copies = gate.addresses((takes,), (given,))
        assert copies == []
        assert at == given.__array_interface__["data"][0]
    assert gate.addresses((takes.written(),), (codes,))[1] == []
    (at,), copies = gate.addresses((takes,), (np.arange(24, dtype=np.uint8)[::2],))
    assert copies[0].tolist() == list(range(0, 24, 2))
    assert at == copies[0].__array_interface__["data"][0]
    for wrong in (codes[:-1], np.zeros(13, np.uint8), np.zeros(12, np.float32)):
        with pytest.raises(RuntimeError, match="12 bytes of codes"):
            gate.addresses((takes,), (wrong,))
    with pytest.raises(RuntimeError, match="planned for writing"):
        gate.addresses((takes.written(),), (np.arange(24, dtype=np.uint8)[::2],))
    assert gate.addresses((takes, ROWS, takes), (Place(64, 12), normal(4, 6), Place(128, 13)))[0][::2] == [64, 128]


def test_of_the_right_size_and_another_shape() -> None:
    """Entries in a row have no shape; channels and columns have."""
    x = normal(24)
    for shape in ((24,), (4, 6), (2, 3, 4)):
        for takes in (ROWS, FLAT):
            assert gate.addresses((takes,), (x.reshape(shape),))[1] == []
    for takes, wrong in (
        (LAST, x.reshape(2, 3, 4)),
        (LAST, x.reshape(3, 2, 2, 2)),
        (LAST, x),
        (TURNED, x),
        (TURNED, x.reshape(6, 4)),
        (TURNED, x.reshape(1, 4, 6)),
    ):
        with pytest.raises(RuntimeError, match="was handed float32 of shape"):
            gate.addresses((takes,), (wrong,))
    for takes in (ROWS, FLAT, LAST, TURNED):
        for wrong in (
            x.astype(np.float64).reshape(takes.shape),
            x.view(np.int32).reshape(takes.shape),
            np.zeros((0, *takes.shape), np.float32),
        ):
            with pytest.raises(RuntimeError, match="was handed"):
                gate.addresses((takes,), (wrong,))


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 4, 5), (2, 3, 2, 4, 5)])
def test_channels_last_of_any_number_of_dims(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    takes = Takes(gate.LAST, shape, x.nbytes)
    lies = np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1)
    assert gate.addresses((takes,), (lies,))[1] == []
    for given in (x, np.asfortranarray(x), x[..., ::-1].copy()[..., ::-1], lies.view(channels_last.ChannelsLast)[...]):
        found, copies = gate.addresses((takes,), (given,))
        where = copies[0] if copies else given
        assert np.array_equal(
            np.moveaxis(channels_last.plain_view(where), 1, -1).ravel(), np.moveaxis(channels_last.plain_view(given), 1, -1).ravel()
        )
        assert found == [where.__array_interface__["data"][0]]
    stack = normal(3, 4, 6)
    turned = Takes(gate.TURNED, stack.shape, stack.nbytes)
    for given in (stack, np.ascontiguousarray(stack.swapaxes(1, 2)).swapaxes(1, 2), stack[::-1]):
        _, copies = gate.addresses((turned,), (given,))
        where = copies[0] if copies else given
        assert where.swapaxes(1, 2).flags.c_contiguous
        assert np.array_equal(where, given)


def test_flat_arguments_in_one_order() -> None:
    """Row-major of any shape, or channels last of one shape; the first decides, copies follow what they became."""
    rows, last = normal(2, 3, 2, 2), channels_last.empty_last((2, 3, 2, 2))
    gate.addresses((FLAT, FLAT, FLAT), (rows, rows.reshape(24), rows.reshape(4, 6)))
    gate.addresses((FLAT, ROWS, FLAT), (last, rows, last))
    gate.addresses((FLAT, LAST, FLAT), (rows, last, rows))
    for values in (
        (last, rows),
        (rows, last),
        (last, rows.reshape(24)),
        (last, channels_last.empty_last((3, 2, 2, 2))),
        (last, np.asfortranarray(rows)),
    ):
        with pytest.raises(RuntimeError, match="was handed strides"):
            gate.addresses((FLAT, FLAT), values)
    _, copies = gate.addresses((FLAT, FLAT), (rows, np.asfortranarray(rows)))
    assert np.array_equal(copies[0], rows)
    assert copies[0].flags.c_contiguous


@pytest.mark.parametrize(
    ("takes", "told"),
    [
        (ROWS, r"96 bytes of float32 \[4, 6\] in row-major order"),
        (FLAT, r"96 bytes of float32 \[24\] in one order"),
        (LAST, r"96 bytes of float32 \[2, 3, 2, 2\] in channels last"),
        (TURNED, r"\[4, 6\] in column-major order"),
        (Takes(gate.BYTES, (), 8, None), r"8 bytes of codes \[\] in bytes"),
    ],
)
def test_errors_say_what_was_planned_and_what_came(takes: Takes, told: str) -> None:
    with pytest.raises(RuntimeError, match=told + r" was handed float64 of shape \[5\] and strides \(8,\)"):
        gate.addresses((takes,), (np.zeros(5),))


def test_addresses_are_taken_in_one_place() -> None:
    folder = Path(gate.__file__).parent
    for path in folder.glob("*.py"):
        calls = [
            n
            for n in ast.walk(ast.parse(path.read_text()))
            if isinstance(n, ast.Attribute) and n.attr in ("address", "__array_interface__")
        ]
        allowed = {"gate.py": {"v", "channels_last", "self"}, "plans.py": {"place", "self"}, "channels_last.py": {"made", "x"}}.get(
            path.name, set()
        )
        names = {ast.unparse(c.value).split("(")[0] for c in calls}
        assert names <= allowed, f"{path.name} takes the address of {names - allowed}: hand the array to the plan"


VECTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a column": lambda v: np.stack([v, np.full_like(v, 1e9)], 1)[:, 0],
    "backwards": lambda v: v[::-1].copy()[::-1],
    "every other": lambda v: np.repeat(v, 2)[::2],
    "frozen": lambda v: np.frombuffer(v.tobytes(), np.float32),
}


@needs_onednn
@pytest.mark.parametrize("how", VECTORS)
def test_numbers_for_each_channel_in_any_order(how: str) -> None:
    """The weight and bias of a convolution, of a batch norm in training and not, of a sum."""
    x, w, b, k = normal(4, 8, 16, 16), normal(8), normal(9)[1:], normal(8, 8, 3, 3)

    def fn(x: Any) -> Any:
        weight, bias = (ac.from_numpy(VECTORS[how](v)) for v in (w, b))
        y = F.batch_norm(F.conv2d(x, ac.from_numpy(k), bias, padding=1), None, None, weight, bias, True)
        z = F.batch_norm(F.conv2d(y, ac.from_numpy(k), padding=1), bias, weight * weight, weight, bias)
        return z * weight.reshape(8, 1, 1) + bias.reshape(1, 8, 1, 1)

    for fast, plain in both(fn, x):
        np.testing.assert_allclose(fast, plain, rtol=1e-3, atol=1e-3 * np.abs(plain).max())


@needs_onednn
def test_expanded_weight_of_a_batch_norm() -> None:
    x, p = ac.tensor(normal(4, 8, 16, 16), requires_grad=True), ac.tensor(normal(2), requires_grad=True)
    F.batch_norm(F.conv2d(x, ac.ones(8, 1, 1, 1), groups=8), None, None, p[0].expand(8), p[1].expand(8), True).pow(2).sum().backward()
    values = x.detach().numpy().astype(np.float64)
    hat = (values - values.mean((0, 2, 3), keepdims=True)) / np.sqrt(values.var((0, 2, 3), keepdims=True) + 1e-5)
    y = hat * float(p[0]) + float(p[1])
    assert p.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), [(2 * y * hat).sum(), (2 * y).sum()], rtol=1e-4)
