"""Where PyTorch's results are row-major, ours are: `.view()` takes them, and what is drawn like them is drawn in the same order."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

X = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
RESULTS = """
x.repeat(2, 1, 1, 1)
v.repeat(3, 1)
x[0, 0].repeat(2, 2, 1, 1)
x.repeat_interleave(2, 1)
t.cat([p, p], 1)
t.stack([p, p], 2)
x[:, [2, 0, 1]]
x[:, :, [2, 0]]
x[..., [1, 1]]
t.softmax(p, 1)
t.log_softmax(p, -1)
t.nn.functional.layer_norm(p, (3,))
p.sum(1)
p.mean((1, 2))
p.amax(1)
p.max(1)[0]
p.logsumexp(1)
p.cumsum(1)
p.roll(1, 2)
p.exp()
p * 2
p.relu()
""".strip().splitlines()


@pytest.mark.parametrize("expression", RESULTS)
def test_strides(expression):
    found = []
    for t in (ac, torch):
        x = t.tensor(X)
        y = eval(expression, {"t": t, "x": x, "p": x.permute(0, 2, 3, 1), "v": x[0, 0, 0]})
        t.manual_seed(0)
        found.append((tuple(y.stride()), t.rand_like(y).tolist()))
    assert found[0][0] == found[1][0]
    assert np.allclose(found[0][1], found[1][1])
