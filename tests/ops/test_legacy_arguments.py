"""The argument orders, and the names of arguments, that PyTorch had before."""

from __future__ import annotations

import pytest

import autograd_cnn as ac
from autograd_cnn import nn

x, y = ac.tensor([1.0, 2.0]), ac.tensor([10.0, 20.0])
m = ac.tensor([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("former", "now"),
    [
        (lambda: ac.add(x, 2, y), lambda: ac.add(x, y, alpha=2)),
        (lambda: x.clone().add_(0.5, y), lambda: x + 0.5 * y),
        (lambda: x.clone().sub_(2, y), lambda: x - 2 * y),
        (lambda: x.clone().addcmul_(0.1, x, y), lambda: x + 0.1 * x * y),
        (lambda: x.clone().addcdiv_(-0.1, x, y), lambda: x - 0.1 * x / y),
        (lambda: ac.addmm(2, m, 3, m, m), lambda: 2 * m + 3 * (m @ m)),
        (lambda: m.addmm(2, 3, m, m), lambda: 2 * m + 3 * (m @ m)),
        (lambda: m.clone().addmm_(2, m, m), lambda: 2 * m + m @ m),
        (lambda: x.addmv(2, 3, m, y), lambda: 2 * x + 3 * (m @ y)),
    ],
)
def test_numbers_before_tensors(former, now):
    assert former().tolist() == pytest.approx(now().tolist()) if former().ndim == 1 else ac.allclose(former(), now())


def test_the_gradient_goes_through():
    z = ac.tensor([1.0], requires_grad=True)
    ac.add(z, 3, z).sum().backward()
    assert z.grad.item() == 4


def test_no_number_to_take():
    with pytest.raises(TypeError, match="takes 2 positional arguments but 3 were given"):
        ac.add(x, y, y)
    with pytest.raises(TypeError, match="takes 2 positional arguments but 4 were given"):
        ac.add(x, 1, 2, y)


def test_elementwise_mean():
    with pytest.warns(UserWarning, match="use reduction='mean' instead"):
        assert nn.MSELoss(reduction="elementwise_mean")(x, y).item() == nn.MSELoss()(x, y).item()


@pytest.mark.parametrize(
    "given",
    [
        {"args": (5,), "size": (3,)},
        {"args": (0, 5), "size": (3,)},
        {"args": (), "low": 0, "high": 5, "size": (3,)},
        {"args": (0,), "high": 5, "size": (3,)},
        {"args": (0, 5, (3,))},
        {"args": (5, (3,))},
    ],
)
def test_randint_by_any_name(given):
    given = dict(given)
    args = given.pop("args")
    ac.manual_seed(0)
    drawn = ac.randint(*args, **given)
    ac.manual_seed(0)
    assert drawn.tolist() == ac.randint(0, 5, (3,)).tolist()


@pytest.mark.parametrize("args", [(5,), (5, 2), (), (0, 1, 2, (3,))])
def test_randint_needs_a_bound_and_a_size(args):
    with pytest.raises(TypeError, match="expected an upper bound and a size"):
        ac.randint(*args)


def test_a_target_without_a_batch():
    with pytest.raises(ValueError, match=r"Expected input batch_size \(1\) to match target batch_size \(0\)"):
        nn.functional.cross_entropy(ac.ones(1, 3), ac.tensor(1))


def test_the_class_as_a_type():
    assert ac.arange(2).type(ac.Tensor).dtype == ac.float32
    assert ac.arange(2).type("torch.Tensor").dtype == ac.float32
    for wrong in (object, str, nn.Linear):
        with pytest.raises(TypeError, match="argument 'dtype' must be a dtype"):
            ac.zeros(2, dtype=wrong)


def test_an_average_of_integers_is_cut():
    x = -ac.arange(16).reshape(1, 1, 4, 4)
    assert nn.functional.avg_pool2d(x, 3, padding=1).tolist() == [[[[-1, -2], [-4, -5]]]]
    assert nn.functional.avg_pool2d(x, 2).dtype == ac.int64
