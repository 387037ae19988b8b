"""What once went wrong in a user's program, each in as few lines as show it."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.nn import functional as F


@pytest.mark.parametrize("sizes", [(2, 3, 1), (4, 1, 1), (1, 1, 1)])
def test_repeat_owns_its_memory(sizes):
    """repeat() of dims of size 1 was a broadcast view: writing failed, or wrote to the input."""
    x = ac.arange(4.0).reshape(1, 1, 4)
    y = x.repeat(*sizes)
    y[:, 0] *= -1
    y += 1
    assert y[0, 0].tolist() == [1.0, 0.0, -1.0, -2.0]
    assert x.flatten().tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2)])
@pytest.mark.parametrize("x", [ac.ones(2), ac.tensor(1.0), ac.ones(2, dtype=ac.float16)], ids=["dims", "0-d", "half"])
def test_numpy_numbers_beside_tensors_count_as_python_numbers(number, x):
    """np.float64(0.5) * x was float64 for a 0-d x, and so was a loss weighted by a NumPy draw."""
    assert {(number * x).dtype, (x * number).dtype, ac.mul(x, number).dtype, (x - number).dtype} == {x.dtype}
    assert (number * x).tolist() == (2 * x).tolist()
    assert ac.lerp(x, x, number).dtype == x.dtype


def test_float64_numbers_beside_integers_give_the_default_dtype():
    """np.float64(2) * integers was float64; 2.0 * integers is float32."""
    assert (np.float64(2) * ac.ones(2, dtype=ac.int64)).dtype == ac.float32


def test_traced_operations_take_numpy_numbers_alike():
    """Tracing takes another way through the engine; the dtypes must be the same."""
    made = []
    ac.trace(lambda x: made.append((x * np.float64(2)).sum() * np.float64(3)) or made[0], ac.ones(2))
    assert made[0].dtype == ac.float32


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([np.float32(1), 2], "float32"),
        ([1.5, np.float64(2)], "float64"),
        ([np.int64(3), 1.5], "float32"),
        ([1j, 1], "complex64"),
        ([ac.tensor(1.0), 2], "float32"),
        ([ac.tensor(1), 2.5], "float32"),
        ([[1, 2], [3.0, 4]], "float32"),
    ],
)
def test_mixed_lists_take_the_highest_dtype(data, dtype):
    """NumPy's own promotion made float64 of float32 beside a Python int."""
    assert ac.tensor(data).dtype == np.dtype(dtype)


def test_integers_and_complex64_meet_in_complex64():
    """As PyTorch: the higher kind wins whatever its size; NumPy says complex128."""
    assert ac.promote_types(ac.int64, ac.complex64) == ac.complex64
    assert ac.promote_types(ac.float64, ac.complex64) == ac.complex128


def test_full_takes_the_kind_of_a_numpy_integer():
    """full((2,), np.int64(2)) was float32."""
    assert ac.full((2,), np.int64(2)).dtype == ac.int64


def test_meshgrid_xy():
    """The first vector runs along dim 1, the second along dim 0: it was the transpose."""
    x, y = ac.meshgrid(ac.arange(3), ac.arange(2), indexing="xy")
    assert x.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert y.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_grad_takes_a_generator_of_inputs():
    """autograd.grad(loss, model.parameters()) raised."""
    layer = nn.Linear(3, 2)
    grads = ac.autograd.grad(layer(ac.ones(1, 3)).sum(), layer.parameters())
    assert [tuple(g.shape) for g in grads] == [(2, 3), (2,)]


def test_grad_says_which_input_is_unused():
    """The message did not say which of several."""
    a, b = ac.ones(2, requires_grad=True), ac.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="The differentiated Tensor at index 1 appears to not have been used"):
        ac.autograd.grad(a.sum(), [a, b])


def test_indexing_a_single_number_says_item():
    """`loss.data[0]`, the idiom of before 0.4, deserves PyTorch's answer."""
    with pytest.raises(IndexError, match=r"invalid index of a 0-dim tensor\. Use `tensor\.item\(\)`"):
        ac.tensor(1.0)[0]


@pytest.mark.parametrize(
    "norm",
    [lambda **k: nn.BatchNorm2d(4, **k), lambda **k: nn.InstanceNorm2d(4, affine=True, **k), lambda **k: nn.GroupNorm(2, 4, **k)],
    ids=["batch", "instance", "group"],
)
def test_norms_without_bias(norm):
    """`bias` is a keyword of the norms, and stands in their text."""
    layer = norm(bias=False)
    layer(ac.randn(2, 4, 3, 3)).sum().backward()
    assert layer.bias is None
    assert layer.weight.grad.shape == (4,)
    assert "affine=True, bias=False" in repr(layer)
    assert "affine=True, bias=True" in repr(norm())


def test_hard_activations_print_no_inplace():
    """As in PyTorch, whose Hardswish and Hardsigmoid say nothing of it."""
    assert repr(nn.Hardswish(inplace=True)) == "Hardswish()"
    assert repr(nn.Hardsigmoid(inplace=True)) == "Hardsigmoid()"


def test_draws_are_methods_too():
    """probabilities.multinomial(1), the idiom of policy gradients, was missing."""
    ac.manual_seed(0)
    first = ac.multinomial(ac.ones(4), 2).tolist()
    ac.manual_seed(0)
    assert ac.ones(4).multinomial(2).tolist() == first
    assert ac.zeros(3).bernoulli().tolist() == [0.0, 0.0, 0.0]


def test_writing_to_a_part_of_a_leaf_says_so():
    """x[0] = 1 writes to a view of x; a mask writes to x itself."""
    x = ac.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        x[0] = 1
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x[x > 0] = 1


def test_values_that_do_not_fit_a_slice():
    """The dim and both sizes, in PyTorch's words, and nothing was written."""
    x = ac.zeros(2, 3)
    with pytest.raises(
        RuntimeError, match=r"expanded size of the tensor \(3\) must match the existing size \(2\) at non-singleton dimension 1"
    ):
        x[:] = ac.ones(1, 2)
    with pytest.raises(RuntimeError, match="cannot be broadcast to indexing result of shape"):
        x[[0, 1]] = ac.ones(2, 2)
    assert not x.any()


def test_integers_apart_from_index_lists_select_first():
    """x[0, :, [1, 2]] had NumPy's dims, (2, 3) instead of (3, 2)."""
    x = ac.arange(24.0).reshape(2, 3, 4).requires_grad_()
    y = x[0, :, [1, 2]]
    assert y.tolist() == [[1.0, 2.0], [5.0, 6.0], [9.0, 10.0]]
    (y * ac.arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad[0].tolist() == [[0, 0, 1, 0], [0, 2, 3, 0], [0, 4, 5, 0]]
    z = x.clone()
    z[1, :, [3, 0]] = ac.zeros(3, 2)
    assert z[1, :, 0].tolist() == z[1, :, 3].tolist() == [0.0] * 3
    assert z.sum().item() == x.sum().item() - x[1, :, [0, 3]].sum().item()


def test_logcumsumexp_is_differentiable_by_a_gradient_of_zero():
    """Its rule went through the logarithm of g: functional.jvp, which differentiates by a g of zeros, gave zeros."""
    x, v = ac.tensor([0.3, -1.0, 2.0], dtype=ac.float64), ac.tensor([1.0, 2.0, -1.0], dtype=ac.float64)
    jvp = ac.autograd.functional.jvp(lambda x: x.logcumsumexp(0), x, v)[1]
    e = np.exp(x.numpy())
    assert np.allclose(jvp.numpy(), np.cumsum(e * v.numpy()) / np.cumsum(e))


# ------------------------------------------------------------------------------------------------- at the edge of numbers and memory
@pytest.mark.parametrize(
    "make",
    [
        lambda n: ac.zeros(n),
        lambda n: ac.ones(n),
        lambda n: ac.arange(n),
        lambda n: ac.linspace(0, 1, n),
        lambda n: ac.logspace(0, 1, n),
        lambda n: ac.rand(n),
        lambda n: ac.randperm(n),
        lambda n: ac.tril_indices(n, n),
        lambda n: ac.ones(1).new_ones(n),
        lambda n: ac.ones(1).resize_(n),
        lambda n: ac.vander(ac.ones(2), n),
        lambda n: ac.ones(1).repeat_interleave(n),
        lambda n: ac.full((n,), 1.0),
    ],
)
def test_sizes_beyond_all_memory_are_runtime_errors(make):
    """They were MemoryErrors, which no program written for PyTorch expects."""
    with pytest.raises(RuntimeError, match=r"can't allocate memory|too large"):
        make(10**13)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ac.arange(float("inf")),
        lambda: ac.randint(float("inf"), (2,)),
        lambda: ac.tensor(10**30),
        lambda: ac.full((2,), 300, dtype=ac.uint8),
        lambda: ac.tensor([300], dtype=ac.uint8),
        lambda: ac.ones(2).byte().fill_(300),
        lambda: ac.ones(2).fill_(1e300),
        lambda: ac.full((2,), float("nan"), dtype=ac.int64),
        lambda: ac.ones(2).byte().masked_fill(ac.tensor([True, False]), 300),
    ],
)
def test_numbers_beyond_the_dtype_are_runtime_errors(make):
    """They were OverflowErrors, or came out as other numbers: tensor([300], dtype=uint8) was 44."""
    with pytest.raises(RuntimeError, match=r"without overflow|convert float infinity|unsupported range"):
        make()


def test_negative_numbers_wrap_around_in_unsigned_dtypes():
    """As in PyTorch; full and fill_ refused them."""
    assert ac.full((2,), -2, dtype=ac.uint8).tolist() == ac.ones(2).byte().fill_(-2).tolist() == [254, 254]
    assert ac.tensor([-2, 3], dtype=ac.uint8).tolist() == [254, 3]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.max_pool1d(x, 2.5),
        lambda x: F.conv1d(x, ac.ones(1, 2, 1), stride=1.5),
        lambda x: F.adaptive_avg_pool1d(x, 1.5),
        lambda x: F.layer_norm(x, float("inf")),
        lambda x: ac.histc(x, 2.5),
        lambda x: x.histogram(float("inf")),
    ],
)
def test_sizes_are_whole_numbers(call):
    """A kernel of 2.5 pooled by 2, without a word."""
    with pytest.raises(TypeError, match="expected an int, got"):
        call(ac.ones(1, 2, 4))


def test_a_window_over_channels_far_wider_than_there_are():
    """local_response_norm counted to its size, channel after channel."""
    x = ac.rand(1, 3, 2, dtype=ac.float64)
    assert np.allclose(F.local_response_norm(x, 2**40).numpy(), (x / (1 + 1e-4 / 2**40 * (x**2).sum(1, keepdim=True)) ** 0.75).numpy())
    assert ac.ones(4).diff(10**12).shape == (0,)


def test_instance_norm_of_no_samples_is_silent():
    """It took the mean of nothing for statistics that nobody keeps."""
    assert F.instance_norm(ac.ones(0, 2, 3)).shape == (0, 2, 3)
    layer = nn.InstanceNorm1d(2, track_running_stats=True)
    layer(ac.ones(0, 2, 3))
    assert layer.running_mean.tolist() == [0.0, 0.0]


def test_quantile_of_nan_is_refused():
    with pytest.raises(RuntimeError, match="q must be in the range"):
        ac.quantile(ac.ones(3), float("nan"))


def test_powers_of_scalars_are_those_of_tensors():
    """A root of a negative number was a TypeError about complex, 0 to a negative power a ZeroDivisionError, 1e200² an OverflowError."""
    for a, b in ((-8.0, 1.5), (0.0, -1.0), (1e200, 2.0), (-1e200, 3.0), (-2.0, 3.0), (0.0, 0.0)):
        want = (ac.tensor(a, dtype=ac.float64) ** b).item()
        for got in (ac.Scalar(a) ** b, ac.Scalar(a) ** ac.Scalar(b)):
            assert np.isclose(got.item(), want, equal_nan=True), (a, b)


def test_softplus_of_numbers():
    """Of NaN it was infinite, and with beta=0 it divided by zero."""
    assert np.isnan(F.softplus(ac.Scalar(float("nan"))).item())
    assert F.softplus(ac.Scalar(0.5), beta=0).item() == F.softplus(ac.tensor(0.5), beta=0).item() == float("inf")


@pytest.mark.parametrize("turn", [False, True])
def test_a_write_to_a_view_of_a_transposed_view(turn):
    """The gradient of `a` held the overwritten part, too: 1.5 times what it should be. In a transposed gradient's order of memory the
    reshape on the way to the view copies."""
    x = ac.ones(2, 3, dtype=ac.float64, requires_grad=True)
    h = x.t() * 0.5 if turn else x * 0.5  # in column order, or in row order
    a = h.t()
    a.t().view(1, -1).mul_(2) if not turn else a.view(1, -1).mul_(2)
    for y in (h, a):
        g = ac.arange(6.0, dtype=ac.float64).reshape(y.shape)
        (got,) = ac.autograd.grad(y, x, g, retain_graph=True)
        assert got.tolist() == (g if g.shape == x.shape else g.t()).tolist()


def test_normal_of_a_complex_deviation_is_refused():
    """The imaginary part was dropped with a warning."""
    with pytest.raises(TypeError, match="a real mean and std"):
        ac.normal(ac.ones(2), 1j)


def test_diagonals_far_outside_are_empty():
    """An offset beyond 32 bits was an OverflowError."""
    x = ac.ones(2, 3, requires_grad=True)
    y = x.diagonal(-(10**12))
    y.sum().backward()
    assert y.shape == (0,)
    assert not x.grad.any()


def test_addcmul_and_addcdiv_take_tensors():
    """With numbers in their place addcdiv divided Python's zero by zero."""
    for op in (ac.addcdiv, ac.addcmul):
        with pytest.raises(TypeError, match="tensor1"):
            op(ac.ones(2), 1.0, ac.zeros(2))


def test_numbers_beyond_the_largest_float_are_infinite():
    """As in PyTorch; a warning came with it."""
    assert ac.tensor(1e300).item() == ac.as_tensor(1e300, dtype=ac.float16).item() == float("inf")


def test_a_refused_instance_norm_leaves_the_running_statistics():
    """They were moved before the arguments were known to fit."""
    mean = ac.zeros(2)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        F.instance_norm(ac.rand(2, 2, 4), mean, eps=ac.ones(5, 7))
    assert not mean.any()


def test_python_integers_wrap_around_in_sums_and_products():
    x = ac.tensor([1, 250], dtype=ac.uint8)
    assert (x * -1).tolist() == [255, 6]
    assert (x + 300).tolist() == [45, 38]
    assert (300 - x).tolist() == [43, 50]
    assert (ac.tensor([127, -3], dtype=ac.int8) + 300).tolist() == [-85, 41]
    assert (x == -1).tolist() == [False, False]
