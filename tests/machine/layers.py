"""The twin's functions of neural networks, modules and optimizers: compositions of the tape's primitives."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace as Names
from typing import Any

import numpy as np

from . import tape
from .handles import Function, Tensor, cat, chunk, enable_grad, grad, no_grad, op, split
from .tape import RECORD, Var, add, const, mul, scale


def _two(x: Any) -> tuple[int, int]:
    return (x, x) if isinstance(x, int) else tuple(x)  # type: ignore[return-value]


# ------------------------------------------------------------------------------------------------- windows
@functools.lru_cache(256)
def windows(shape: tuple[int, ...], kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool = False) -> tuple[Any, Any]:
    """For each window of (N, C, H, W): where its entries stand, -1 in the padding. (N, C, K, P), and the sizes of P."""
    n, c, *size = shape
    outs, rows = [], []
    for s, k, t, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        span = s + 2 * p - d * (k - 1) - 1
        out = (-(-span // t) if ceil else span // t) + 1
        if ceil and (out - 1) * t >= s + p:
            out -= 1
        at = np.arange(out)[None, :] * t - p + np.arange(k)[:, None] * d  # (k, out)
        outs.append(out)
        rows.append(np.where((at >= 0) & (at < s), at, -1))
    h, w = rows
    inside = (h >= 0)[:, None, :, None] & (w >= 0)[None, :, None, :]
    plane = np.where(inside, h[:, None, :, None] * size[1] + w[None, :, None, :], -1).reshape(kernel[0] * kernel[1], -1)
    first = (np.arange(n * c) * (size[0] * size[1])).reshape(n, c, 1, 1)
    return np.where(plane >= 0, first + plane, -1), tuple(outs)


def conv2d(x: Tensor, w: Tensor, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Tensor:
    v = w.var
    n, (o, cg, *kernel) = x.shape[0], w.shape
    places, outs = windows(x.shape, tuple(kernel), _two(stride), _two(padding), _two(dilation))
    columns = tape.gather(x.var, places.reshape(n, groups, cg * kernel[0] * kernel[1], -1))
    y = tape.matmul(tape.reshape(v, (1, groups, o // groups, -1)), columns)
    return Tensor(_biased(tape.reshape(y, (n, o, *outs)), bias))


def _biased(y: Var, bias: Any) -> Var:
    return y if bias is None else add(y, tape.reshape(bias.var, (-1, *(1,) * (y.value.ndim - 2))))


def conv_transpose2d(x: Tensor, w: Tensor, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0) -> Tensor:
    n, c, *size = x.shape
    _, o, *kernel = w.shape
    full = (
        n,
        o,
        *(
            (s - 1) * t - 2 * p + k + e
            for s, t, p, k, e in zip(size, _two(stride), _two(padding), kernel, _two(output_padding), strict=True)
        ),
    )
    places, outs = windows(full, tuple(kernel), _two(stride), _two(padding), (1, 1))
    assert outs == tuple(size)
    columns = tape.matmul(tape.turn(tape.reshape(w.var, (1, c, -1))), tape.reshape(x.var, (n, c, -1)))
    return Tensor(_biased(tape.scatter(columns, places.reshape(n, o * kernel[0] * kernel[1], -1), full), bias))


def max_pool2d(x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False) -> Tensor:
    kernel = _two(kernel_size)
    places, outs = windows(x.shape, kernel, _two(stride or kernel), _two(padding), (1, 1), ceil_mode)
    return Tensor(_largest(x.var, places, (*x.shape[:2], *outs)))


def _largest(v: Var, places: Any, shape: tuple[int, ...]) -> Var:
    """The largest of the entries at `places` (N, C, K, P)."""
    seen = np.append(v.value.reshape(-1), -np.inf)[places]
    if seen.shape[2] > 1:
        two = np.partition(seen, -2, axis=2)[:, :, -2:]
        tape.Kinks.near((two[:, :, 1] - two[:, :, 0])[np.isfinite(two[:, :, 0])], v.value)
    best = np.take_along_axis(places, seen.argmax(axis=2)[:, :, None], axis=2)
    return tape.gather(v, best.reshape(shape))


def avg_pool2d(
    x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True
) -> Tensor:
    kernel = _two(kernel_size)
    places, outs = windows(x.shape, kernel, _two(stride or kernel), _two(padding), (1, 1), ceil_mode)
    count = kernel[0] * kernel[1] if count_include_pad else (places >= 0).sum(axis=2, keepdims=True)
    y = mul(tape.total(tape.gather(x.var, places), (2,), True), const(1.0 / count))
    return Tensor(tape.reshape(y, (*x.shape[:2], *outs)))


def _bins(size: int, out: int) -> list[tuple[int, int]]:
    return [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


def adaptive_avg_pool2d(x: Tensor, output_size: Any) -> Tensor:
    sides = []
    for size, out in zip(x.shape[2:], _two(output_size), strict=True):
        side = np.zeros((out, size))
        for i, (a, b) in enumerate(_bins(size, out)):
            side[i, a:b] = 1.0 / (b - a)
        sides.append(side)
    return Tensor(tape.matmul(tape.matmul(const(sides[0]), x.var), const(sides[1].T)))


def adaptive_max_pool2d(x: Tensor, output_size: Any) -> Tensor:
    n, c, h, w = x.shape
    rows, columns = _bins(h, _two(output_size)[0]), _bins(w, _two(output_size)[1])
    most = max(b - a for a, b in rows) * max(b - a for a, b in columns)
    plane = np.full((most, len(rows) * len(columns)), -1)
    for i, (a, b) in enumerate(rows):
        for j, (p, q) in enumerate(columns):
            at = (np.arange(a, b)[:, None] * w + np.arange(p, q)[None]).reshape(-1)
            plane[: len(at), i * len(columns) + j] = at
    first = (np.arange(n * c) * (h * w)).reshape(n, c, 1, 1)
    return Tensor(_largest(x.var, np.where(plane >= 0, first + plane, -1), (n, c, len(rows), len(columns))))


def interpolate(x: Tensor, scale_factor: int) -> Tensor:
    n, c, h, w = x.shape
    k = scale_factor
    at = (np.arange(h * k) // k)[:, None] * w + (np.arange(w * k) // k)[None]
    return Tensor(tape.gather(x.var, (np.arange(n * c) * (h * w)).reshape(n, c, 1, 1) + at))


def pad(x: Tensor, sides: Any) -> Tensor:
    left, right, top, bottom = sides
    n, c, h, w = x.shape
    at = (slice(None), slice(None), slice(top, top + h), slice(left, left + w))
    return Tensor(tape.place(x.var, at, (n, c, h + top + bottom, w + left + right)))


# ------------------------------------------------------------------------------------------------- norms
def _normal(v: Var, axes: tuple[int, ...], eps: float) -> tuple[Var, Any, Any]:
    mean = tape.average(v, axes, True)
    apart = add(v, scale(mean, -1))
    var = tape.average(mul(apart, apart), axes, True)
    if bool((var.value < 1e-20 * (1 + mean.value**2)).any()):
        raise RuntimeError("a norm of equal entries: what comes of it, rounding decides")
    return mul(apart, tape.power(add(var, const(eps)), -0.5)), mean.value, var.value


def _affine(y: Var, weight: Any, bias: Any, shape: tuple[int, ...]) -> Var:
    y = y if weight is None else mul(y, tape.reshape(weight.var, shape))
    return y if bias is None else add(y, tape.reshape(bias.var, shape))


def batch_norm(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    v = x.var
    axes, shape = (0, *range(2, v.value.ndim)), (1, -1, *(1,) * (v.value.ndim - 2))
    if training:
        y, mean, var = _normal(v, axes, eps)
        if running_mean is not None:
            n = v.value.size // v.value.shape[1]
            running_mean._data(running_mean.numpy() * (1 - momentum) + momentum * mean.reshape(-1))
            running_var._data(running_var.numpy() * (1 - momentum) + momentum * var.reshape(-1) * n / (n - 1))
    else:
        mean, var = running_mean.numpy().reshape(shape), running_var.numpy().reshape(shape)
        y = mul(add(v, const(-mean)), const(1 / np.sqrt(var + eps)))
    return Tensor(_affine(y, weight, bias, shape))


def layer_norm(x: Tensor, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    y, _, _ = _normal(x.var, tuple(range(x.ndim - len(shape), x.ndim)), eps)
    return Tensor(_affine(y, weight, bias, shape))


def group_norm(x: Tensor, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    n, c, *size = x.shape
    y, _, _ = _normal(tape.reshape(x.var, (n, groups, -1)), (2,), eps)
    return Tensor(_affine(tape.reshape(y, x.shape), weight, bias, (1, c, *(1,) * len(size))))


# ------------------------------------------------------------------------------------------------- the rest
def linear(x: Tensor, w: Tensor, bias: Any = None) -> Tensor:
    flat = tape.reshape(x.var, (-1, x.shape[-1])) if x.ndim > 2 else x.var
    y = tape.matmul(flat, tape.turn(w.var))
    y = y if bias is None else add(y, bias.var)
    return Tensor(tape.reshape(y, (*x.shape[:-1], w.shape[0])) if x.ndim > 2 else y)


def log_softmax(x: Tensor, dim: int) -> Tensor:
    apart = add(x.var, const(-x.var.value.max(axis=dim, keepdims=True)))
    return Tensor(add(apart, scale(tape.log(tape.total(tape.exp(apart), (dim,), True)), -1)))


def softmax(x: Tensor, dim: int) -> Tensor:
    return Tensor(tape.exp(log_softmax(x, dim).var))


def _curve(fn: Any) -> Any:
    def curve(x: Tensor, *args: Any, inplace: bool = False) -> Tensor:
        y = op(fn, x, *args)
        return x._become(y.var) if inplace else y

    return curve


def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    return _curve(tape.leaky_relu)(x, negative_slope, inplace=inplace)  # type: ignore[no-any-return]


relu, tanh, sigmoid = _curve(tape.relu), _curve(tape.tanh), _curve(tape.sigmoid)


def silu(x: Tensor, inplace: bool = False) -> Tensor:
    return _curve(lambda v: mul(v, tape.sigmoid(v)))(x, inplace=inplace)  # type: ignore[no-any-return]


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    assert p == 0.0 or not training, "the twin cannot draw: programs drop with `drop`"
    return x


def mse_loss(x: Tensor, y: Tensor) -> Tensor:
    d = add(x.var, scale(y.var, -1))
    return Tensor(tape.average(mul(d, d)))


F = Names(
    **{
        f.__name__: f
        for f in (
            conv2d,
            conv_transpose2d,
            max_pool2d,
            avg_pool2d,
            adaptive_avg_pool2d,
            adaptive_max_pool2d,
            interpolate,
            pad,
            batch_norm,
            layer_norm,
            group_norm,
            linear,
            log_softmax,
            softmax,
            leaky_relu,
            silu,
            dropout,
            mse_loss,
        )
    },
    relu=relu,
    tanh=tanh,
    sigmoid=sigmoid,
)


# ------------------------------------------------------------------------------------------------- modules
class Parameter(Tensor):
    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(const(np.array(data.var.value if isinstance(data, Tensor) else data.value)))
        if requires_grad:
            self.requires_grad_(True)


class Module:
    def __init__(self) -> None:
        self.training = True
        self._forward_hooks: dict[int, Any] = {}
        self._buffers: dict[str, Tensor] = {}

    def register_buffer(self, name: str, value: Tensor) -> None:
        self._buffers[name] = value
        setattr(self, name, value)

    def __call__(self, *args: Any) -> Any:
        out = self.forward(*args)
        for hook in list(self._forward_hooks.values()):
            new = hook(self, args, out)
            out = out if new is None else new
        return out

    def forward(self, *args: Any) -> Any:
        raise NotImplementedError

    def register_forward_hook(self, hook: Any) -> None:
        self._forward_hooks[len(self._forward_hooks)] = hook

    def children(self) -> list[Any]:
        return [v for v in self.__dict__.values() if isinstance(v, Module)]

    def modules(self) -> list[Any]:
        return [self, *(m for c in self.children() for m in c.modules())]

    def named(self, prefix: str = "", buffers: bool = True) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, v in self.__dict__.items():
            if isinstance(v, Parameter) or (buffers and self._buffers.get(name) is v and isinstance(v, Tensor)):
                found[prefix + name] = v
        for name, v in self.__dict__.items():
            if isinstance(v, Module):
                found.update(v.named(f"{prefix}{name}.", buffers))
        return found

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        seen: dict[int, tuple[str, Tensor]] = {}
        for name, p in self.named(buffers=False).items():
            seen.setdefault(id(p), (name, p))
        return list(seen.values())

    def parameters(self) -> list[Tensor]:
        return [p for _, p in self.named_parameters()]

    def state_dict(self) -> dict[str, Tensor]:
        return {k: v.detach() for k, v in self.named().items()}

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> None:
        for k, v in self.named().items():
            if k in state:
                v._data(state[k].numpy())

    def train(self, mode: bool = True) -> Module:
        for m in self.modules():
            m.training = mode
        return self

    def eval(self) -> Module:
        return self.train(False)

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = None

    def requires_grad_(self, on: bool = True) -> Module:
        for p in self.parameters():
            p.requires_grad_(on)
        return self


class Sequential(Module):
    def __init__(self, *layers: Any) -> None:
        super().__init__()
        for i, layer in enumerate(layers):
            setattr(self, str(i), layer)

    def __getitem__(self, i: int) -> Any:
        return self.children()[i]

    def forward(self, x: Any) -> Any:
        for layer in self.children():
            x = layer(x)
        return x


def _param(*shape: int) -> Parameter:
    return Parameter(const(np.zeros(shape)))


class _Weighted(Module):
    weight: Any
    bias: Any = None


class Conv2d(_Weighted):
    def __init__(
        self, i: int, o: int, k: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight, self.how = _param(o, i // groups, *_two(k)), (stride, padding, dilation, groups)
        self.bias = _param(o) if bias else None

    def forward(self, x: Any) -> Any:
        return conv2d(x, self.weight, self.bias, *self.how)


class ConvTranspose2d(_Weighted):
    def __init__(self, i: int, o: int, k: Any, stride: Any = 1, padding: Any = 0, bias: bool = True) -> None:
        super().__init__()
        self.weight, self.how = _param(i, o, *_two(k)), (stride, padding)
        self.bias = _param(o) if bias else None

    def forward(self, x: Any) -> Any:
        return conv_transpose2d(x, self.weight, self.bias, *self.how)


class Linear(_Weighted):
    def __init__(self, i: int, o: int, bias: bool = True) -> None:
        super().__init__()
        self.weight, self.bias = _param(o, i), (_param(o) if bias else None)

    def forward(self, x: Any) -> Any:
        return linear(x, self.weight, self.bias)


class BatchNorm2d(_Weighted):
    def __init__(self, c: int, affine: bool = True) -> None:
        super().__init__()
        if affine:
            self.weight, self.bias = _param(c), _param(c)
        else:
            self.weight = None
        self.register_buffer("running_mean", Tensor(const(np.zeros(c))))
        self.register_buffer("running_var", Tensor(const(np.ones(c))))

    def forward(self, x: Any) -> Any:
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training)  # type: ignore[attr-defined]


class GroupNorm(_Weighted):
    def __init__(self, groups: int, c: int) -> None:
        super().__init__()
        self.groups, self.weight, self.bias = groups, _param(c), _param(c)

    def forward(self, x: Any) -> Any:
        return group_norm(x, self.groups, self.weight, self.bias)


class LayerNorm(_Weighted):
    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.weight, self.bias = _param(*self.shape), _param(*self.shape)

    def forward(self, x: Any) -> Any:
        return layer_norm(x, self.shape, self.weight, self.bias)


def _layer(fn: Any) -> Any:
    class Layer(Module):
        def __init__(self, *args: Any, **kw: Any) -> None:
            super().__init__()
            self.args, self.kw = args, kw

        def forward(self, x: Any) -> Any:
            return fn(x, *self.args, **self.kw)

    return Layer


nn = Names(
    Module=Module,
    Sequential=Sequential,
    Parameter=Parameter,
    Conv2d=Conv2d,
    ConvTranspose2d=ConvTranspose2d,
    Linear=Linear,
    BatchNorm2d=BatchNorm2d,
    GroupNorm=GroupNorm,
    LayerNorm=LayerNorm,
    functional=F,
    ReLU=_layer(relu),
    Tanh=_layer(tanh),
    SiLU=_layer(silu),
    Sigmoid=_layer(sigmoid),
    LeakyReLU=_layer(leaky_relu),
    MaxPool2d=_layer(max_pool2d),
    AvgPool2d=_layer(avg_pool2d),
    Flatten=_layer(lambda x: x.flatten(1)),
    Identity=_layer(lambda x: x),
    Softmax=_layer(lambda x, dim: softmax(x, dim)),
    AdaptiveAvgPool2d=_layer(adaptive_avg_pool2d),
    init=Names(zeros_=lambda p: p._data(0.0), constant_=lambda p, v: p._data(v), ones_=lambda p: p._data(1.0)),
)


# ------------------------------------------------------------------------------------------------- optimizers
class SGD:
    def __init__(self, params: Any, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        self.params, self.lr, self.momentum, self.decay = list(params), lr, momentum, weight_decay
        self.before: dict[int, Any] = {}

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        for p in self.params:
            if p.grad is None:
                continue
            g = p.grad.numpy() + self.decay * p.numpy()
            if self.momentum:
                g = self.before[id(p)] = g if id(p) not in self.before else self.momentum * self.before[id(p)] + g
            p._data(p.numpy() - self.lr * g)


class Adam:
    def __init__(self, params: Any, lr: float, eps: float = 1e-8) -> None:
        self.params, self.lr, self.eps = list(params), lr, eps
        self.state: dict[int, list[Any]] = {}

    zero_grad = SGD.zero_grad

    def step(self) -> None:
        for p in self.params:
            if p.grad is None:
                continue
            g = p.grad.numpy()
            s = self.state.setdefault(id(p), [0, np.zeros(g.shape), np.zeros(g.shape)])
            s[0] += 1
            s[1] = 0.9 * s[1] + 0.1 * g
            s[2] = 0.999 * s[2] + 0.001 * g * g
            root = np.sqrt(s[2]) / math.sqrt(1 - 0.999 ** s[0])
            p._data(p.numpy() - self.lr / (1 - 0.9 ** s[0]) * s[1] / (root + self.eps))


def checkpoint(fn: Any, *args: Any, use_reentrant: bool = True) -> Any:
    return fn(*args)


def _made(fill: Any) -> Any:
    def make(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
        t = Tensor(const(fill(shape[0] if shape and isinstance(shape[0], tuple) else shape)))
        return t.requires_grad_(True) if requires_grad else t

    return make


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    t = Tensor(const(np.array(data, np.float64)))
    return t.requires_grad_(True) if requires_grad else t


twin = Names(
    Tensor=Tensor,
    tensor=tensor,
    zeros=_made(np.zeros),
    ones=_made(np.ones),
    zeros_like=lambda t: tensor(np.zeros(t.shape)),
    ones_like=lambda t: tensor(np.ones(t.shape)),
    cat=cat,
    chunk=chunk,
    split=split,
    relu=relu,
    tanh=tanh,
    sigmoid=sigmoid,
    no_grad=no_grad,
    enable_grad=enable_grad,
    is_grad_enabled=RECORD.get,
    autograd=Names(grad=grad, Function=Function),
    nn=nn,
    optim=Names(SGD=SGD, Adam=Adam),
    utils=Names(checkpoint=Names(checkpoint=checkpoint)),
    float32=np.float32,
    float64=np.float64,
)
