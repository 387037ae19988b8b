"""`run --profile`: whatever kernel serves an operation, its call is counted, once, and its time is there."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.compat.profile import Profile
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from tests.kernels.backends import needs_onednn

STEPS = 3


class Block(nn.Module):
    """Convolution, batch norm and ReLU, and a sum over a shortcut: all that the fast kernels join."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        return nn.functional.relu(self.norm(self.conv(x)) + x)


def program() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        Block(16),
        nn.MaxPool2d(2),
        nn.Dropout(0.1),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 32),
        nn.Tanh(),
        nn.Sigmoid(),
        nn.Linear(32, 10),
        nn.LogSoftmax(1),
    )
    optimizer = ac.optim.SGD(net.parameters(), 0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.nll_loss(net(ac.randn(8, 3, 32, 32)), ac.arange(8))
        (loss + ac.cat([p.flatten() for p in net.parameters()]).abs().mean()).backward()
        optimizer.step()


def profiled(backend: str) -> Profile:
    with ac.use_backend(backend), Profile() as profile:
        program()
    return profile


def counts(profile: Profile) -> dict[str, int]:
    return {name: row.calls for name, row in profile.operations.items() if row.calls}


def test_the_reference_is_counted_once_a_call() -> None:
    found = counts(profiled("numpy"))
    assert {name: found[name] for name in ("conv", "linear", "max_pool", "tanh", "sigmoid", "dropout", "log_softmax", "relu")} == {
        "conv": 2 * STEPS,
        "linear": 2 * STEPS,
        "max_pool": STEPS,
        "tanh": STEPS,
        "sigmoid": STEPS,
        "dropout": STEPS,
        "log_softmax": STEPS,
        "relu": 2 * STEPS,
    }


@needs_onednn
def test_backends_count_alike_and_accelerated_operations_take_time() -> None:
    reference, fast = profiled("numpy"), profiled("onednn")
    assert counts(reference) == counts(fast)
    assert counts(fast)["conv"] == 2 * STEPS
    for name, row in reference.operations.items():
        other = fast.operations[name]
        assert (row.seconds > 0, row.backward > 0) == (other.seconds > 0, other.backward > 0), name
        if len(REGISTRY[name].outputs) == 1:  # a switch or a mask beside the result may be of another type
            assert row.bytes == other.bytes, name
    assert sorted(row.calls for row in reference.modules.values()) == sorted(row.calls for row in fast.modules.values())


def test_every_accelerated_operation_is_counted_by_whatever_way_it_is_called() -> None:
    x, w = ac.ones(2, 3, 8, 8), ac.ones(4, 3, 3, 3)
    with ac.use_backend("auto"), Profile() as profile:
        for _ in range(2):  # the calls of this kind of tensor are written by now
            ac.conv2d(x, w)
            with ac.autograd.detect_anomaly():  # the general way
                ac.conv2d(x, w)
        REGISTRY["conv"](x.numpy(), w.numpy(), **GEOMETRY)  # arrays: nothing is recorded
    assert counts(profile)["conv"] == 5


GEOMETRY = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}


def test_an_operation_defined_while_it_is_on() -> None:
    with Profile() as profile:
        made = primitive(name="counted_by_a_test")(lambda x: x + 1)
        made.accelerated(lambda x: x + 1 if x.ndim == 1 else NotImplemented)
        try:
            for x in (ac.ones(2), ac.ones(2, 2), np.ones(2), np.ones((2, 2))):
                made(x)
        finally:
            del REGISTRY["counted_by_a_test"]
    assert counts(profile)["counted_by_a_test"] == 4


def test_it_leaves_nothing_behind() -> None:
    ac.relu(ac.ones(1))  # has the call written
    before = REGISTRY["relu"].by_value_type[ac.Tensor].__globals__["__fast"]
    profile = profiled("auto")
    found = counts(profile)
    program()
    assert counts(profile) == found
    assert REGISTRY["relu"].by_value_type[ac.Tensor].__globals__["__fast"] is before


def test_rules_written_while_it_is_on_lose_their_clocks() -> None:
    made = primitive(name="ruled_by_a_test")(lambda x: x * 2)
    made.vjp("x")(lambda g: g * 2)
    x = ac.ones(2, requires_grad=True)
    s = ac.Scalar(3.0)
    try:
        with Profile() as profile:
            made(x).sum().backward()
            made(s).backward()
        before = profile.operations["ruled_by_a_test"].backward
        assert before > 0
        made(x).sum().backward()
        made(s).backward()
        assert profile.operations["ruled_by_a_test"].backward == before
    finally:
        del REGISTRY["ruled_by_a_test"]


class _Interrupted:
    """A lock whose holder is interrupted by a signal handler that computes."""

    def __init__(self, handler: Any) -> None:
        self.handler, self.held, self.calls = handler, False, 0

    def __enter__(self) -> None:
        assert not self.held, "the handler waits for ever"
        self.held, self.calls = True, self.calls + 1
        self.handler()

    def __exit__(self, *_: Any) -> None:
        self.held = False


def test_a_handler_may_compute_while_times_are_added() -> None:
    def handler() -> None:
        with ac.enable_grad():
            (ac.ones(2, requires_grad=True) * 2).sum().backward()

    x = ac.ones(2, requires_grad=True)
    with Profile() as profile:
        profile._adding = lock = _Interrupted(handler)
        (x * 2).sum().backward()
    assert lock.calls > 3
    assert x.grad.tolist() == [2.0, 2.0]
