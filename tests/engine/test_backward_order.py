"""In which order a backward pass goes: newest node first, each leaf as soon as its gradient is whole."""

from __future__ import annotations

import autograd_cnn as ac
from autograd_cnn import nn


def told(value: ac.Tensor, name: str, events: list[str]) -> ac.Tensor:
    value.register_hook(lambda g: events.append(name))
    return value


def test_a_leaf_takes_its_gradient_as_soon_as_it_is_whole() -> None:
    events: list[str] = []
    layers = [nn.Linear(3, 3) for _ in range(4)]
    x = ac.ones(2, 3)
    for i, layer in enumerate(layers):
        layer.weight.register_post_accumulate_grad_hook(lambda p, i=i: events.append(f"weight {i}"))
        x = told(layer(x).relu(), f"value {i}", events)
    x.sum().backward()
    assert events == ["value 3", "weight 3", "value 2", "weight 2", "value 1", "weight 1", "value 0", "weight 0"]


def test_a_leaf_used_twice_waits_for_the_last_of_them() -> None:
    events: list[str] = []
    w = ac.tensor(3.0, requires_grad=True)
    w.register_post_accumulate_grad_hook(lambda p: events.append(f"w {p.grad.item():g}"))
    y = told(w * 2.0, "y", events)
    z = told(y * w, "z", events)
    (told(z + 1.0, "end", events) * 1.0).backward()
    assert events == ["end", "z", "y", "w 12"], "d(2w²)/dw = 4w"


def test_leaves_among_the_roots_and_the_inputs() -> None:
    w = ac.tensor(3.0, requires_grad=True)
    v = ac.tensor(5.0, requires_grad=True)
    ac.autograd.backward([w, w * v, v])
    assert (w.grad.item(), v.grad.item()) == (1.0 + 5.0, 3.0 + 1.0)
    gw, gv = ac.autograd.grad([w, w * w], [w, v], allow_unused=True)
    assert gw.item() == 1.0 + 6.0 and gv is None


def test_a_step_within_the_backward_pass_is_that_after_it() -> None:
    def trained(within: bool) -> list[list[float]]:
        ac.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
        each = {p: ac.optim.SGD([p], lr=0.1) for p in net.parameters()}

        def step(p: ac.Tensor) -> None:
            each[p].step()
            p.grad = None

        if within:
            for p in each:
                p.register_post_accumulate_grad_hook(step)
        for _ in range(3):
            net(ac.arange(8.0).reshape(2, 4)).square().sum().backward()
            if not within:
                for p in each:
                    step(p)
        return [p.flatten().tolist() for p in net.parameters()]

    assert trained(True) == trained(False)
