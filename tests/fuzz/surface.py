"""Every public function with arguments of all kinds, wrong ones above all: a right answer or a documented exception, nothing else."""

from __future__ import annotations

import inspect
import itertools
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd_cnn as ac
from autograd_cnn.ops.registry.expose import FUNCTIONAL, FUNCTIONS, INPLACE, METHODS
from autograd_cnn.tensors.tensor import wrap

ALLOWED = (TypeError, ValueError, RuntimeError, IndexError, NotImplementedError, KeyError, AttributeError)
BIG = 10**12
_PYTORCHS_OWN = (
    "not compiled with CUDA",
    "capturable=True",
    "embed_dim must be divisible",
    "was expecting embedding dimension",
    "Padding_idx must be",
    "Shape of weight does not match",
    "no fan to divide by",
)
SKIP = {"seed"}  # draws from the system's entropy: nothing to say about its arguments


def surface() -> dict[str, Callable[..., Any]]:
    """All public functions by name: creation, operations, methods, in-place methods, nn.functional."""
    found: dict[str, Callable[..., Any]] = {}
    found.update({f"ac.{n}": getattr(ac, n) for n in FUNCTIONS})
    creation = (
        "arange empty empty_like eye full full_like linspace logspace ones ones_like tensor zeros zeros_like rand rand_like randint randn "
        "randn_like randperm normal bernoulli multinomial as_tensor tril_indices triu_indices result_type promote_types"
    ).split()
    found.update({f"ac.{n}": getattr(ac, n) for n in creation})
    found.update({f"Tensor.{n}": getattr(ac.Tensor, n) for n in METHODS})
    found.update({f"Tensor.{n}_": getattr(ac.Tensor, f"{n}_") for n in INPLACE})
    found.update({f"F.{n}": getattr(ac.nn.functional, n) for n in FUNCTIONAL})
    found.update({f"init.{n}": getattr(ac.nn.init, n) for n in dir(ac.nn.init) if n.endswith("_") and not n.startswith("_")})
    found.update({f"nn.{n}": _used(getattr(ac.nn, n)) for n in ac.nn.__all__ if _is_layer(getattr(ac.nn, n))})
    found.update({f"optim.{n}": _stepped(getattr(ac.optim, n)) for n in ac.optim.__all__ if isinstance(getattr(ac.optim, n), type)})
    return {n: f for n, f in found.items() if n.rsplit(".", 1)[1] not in SKIP}


def _is_layer(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, ac.nn.Module)


def _used(layer: Callable[..., Any]) -> Callable[..., Any]:
    """Make the layer, print it, load its state into another, and run it in both modes, forward and backward, on whatever it takes."""

    def use(*args: Any, **kwargs: Any) -> None:
        made = layer(*args, **kwargs)
        assert repr(made)
        fresh = layer(*args, **kwargs)
        fresh.load_state_dict(made.state_dict())
        for shape, mode in itertools.product(((2, 3), (2, 2, 4), (1, 2, 4, 4), (3, 1, 4, 4)), (True, False)):
            x = ac.ones(shape, requires_grad=True)
            try:
                y = made.train(mode)(x)
            except ALLOWED as error:
                if not str(error):
                    raise
                continue
            if isinstance(y, ac.Tensor) and y.requires_grad:
                y.sum().backward()
                assert x.grad is None or x.grad.shape == x.shape

    use.__signature__ = inspect.signature(layer)  # type: ignore[attr-defined]
    return use


def _stepped(optimizer: Callable[..., Any]) -> Callable[..., Any]:
    """Make the optimizer for one parameter and take two steps."""

    def use(**kwargs: Any) -> None:
        p = ac.nn.Parameter(ac.ones(2))
        made = optimizer([p], **kwargs)
        for _ in range(2):
            made.zero_grad()
            (p * p).sum().backward()
            made.step()
        assert made.state_dict() and repr(made)

    names = [p for n, p in inspect.signature(optimizer).parameters.items() if n != "params" and p.kind is not p.VAR_KEYWORD]
    use.__signature__ = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in names])  # type: ignore[attr-defined]
    return use


@dataclass
class Tally:
    """What came of it."""

    inputs: int = 0
    answers: int = 0
    refusals: int = 0
    wrong: list[str] = field(default_factory=list)


def thing(rng: np.random.Generator) -> Any:
    """An argument of any kind."""
    kind = int(rng.integers(0, 22))
    shape = tuple(int(n) for n in rng.integers(0, 4, int(rng.integers(0, 5))))
    if kind < 7:
        values = rng.uniform(-2, 2, shape)
        dtype = [np.float32, np.float64, np.int64, np.bool_, np.float16, np.uint8, np.int32][int(rng.integers(0, 7))]
        return wrap(np.array(values).astype(dtype), requires_grad=bool(np.dtype(dtype).kind == "f" and rng.random() < 0.4))
    if kind == 7:
        values = rng.choice([np.nan, np.inf, -np.inf, 0.0, 1.0], shape)
        return wrap(np.array(values, np.float32))
    if kind == 8:
        return wrap(np.array(rng.uniform(-2, 2, (3, 4)), np.float32).T[::2])
    if kind < 12:
        return int(rng.integers(-3, 5))
    if kind == 12:
        return [BIG, -BIG, 2**63, -(2**70), 10**30][int(rng.integers(0, 5))]
    if kind == 13:
        return float(rng.choice([0.5, -1.0, 0.0, np.nan, np.inf, 1e300]))
    return [
        None,
        True,
        False,
        "sum",
        "mean",
        "nonsense",
        "",
        (),
        (1, 2),
        [0, 1],
        (-1,),
        (1, 2, 3),
        [[1.0, 2.0], [3.0]],
        {},
        {"a": 1},
        object(),
        slice(0, 2),
        Ellipsis,
        np.zeros(2),
        np.float32(1.5),
        ac.float32,
        ac.int64,
        int,
        len,
        b"x",
        1j,
    ][int(rng.integers(0, 26))]


def sensible(rng: np.random.Generator) -> Any:
    """A tensor that many functions take."""
    shape = [(2, 3), (3,), (2, 2, 4), (1, 2, 4, 4), ()][int(rng.integers(0, 5))]
    return wrap(np.array(rng.uniform(-2, 2, shape), np.float32), requires_grad=bool(rng.random() < 0.3))


def arguments(name: str, fn: Callable[..., Any], rng: np.random.Generator) -> tuple[list[Any], dict[str, Any]]:
    """Some positional ones, some by name."""
    if name.startswith("optim."):
        return [], {
            n: thing(rng) if rng.random() < 0.5 else float(rng.random()) for n in inspect.signature(fn).parameters if rng.random() < 0.3
        }
    if name.startswith("nn."):  # mostly sizes
        args = [thing(rng) if rng.random() < 0.2 else int(rng.integers(1, 5)) for _ in range(int(rng.integers(0, 5)))]
    else:
        args = [thing(rng) if rng.random() < 0.6 else sensible(rng) for _ in range(int(rng.integers(0, 5)))]
    if name.startswith("Tensor."):
        args = [sensible(rng) if rng.random() < 0.7 else wrap(np.array(rng.integers(-3, 4, (2, 3)))), *args]
    try:
        names = [p.name for p in inspect.signature(fn).parameters.values() if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    picked = [n for n in names[len(args) :] if rng.random() < 0.25]
    return args, {n: thing(rng) for n in picked}


def snapshot(values: Any) -> list[tuple[Any, Any, bool, Any]]:
    return [(v, v.value.copy(), v.requires_grad, v._version) for v in values if isinstance(v, ac.Tensor)]


# They make as many objects as they are told, as PyTorch's do.
_AS_MANY = {"Tensor.tensor_split", "ac.tensor_split", "nn.TransformerEncoder", "nn.TransformerDecoder", "nn.Transformer"}


class TooLong(BaseException):
    """A call did not end in time; no `except Exception` hides it."""


def _alarm(*_: Any) -> None:
    raise TooLong


def attempt(name: str, fn: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], tally: Tally) -> None:
    """One call. Notes what is neither an answer nor a documented refusal."""
    tally.inputs += 1
    before = snapshot([*args, *kwargs.values()])
    shown = f"{name}({', '.join([*map(_short, args), *(f'{k}={_short(v)}' for k, v in kwargs.items())])})"
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(10)
    try:
        with warnings.catch_warnings():
            # PyTorch's own advice to the user comes as UserWarning, here too; with arrays in a tensor's place NumPy's ways are the caller's
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)
            if not before or any(isinstance(v, np.ndarray | np.generic) for v in (*args, *kwargs.values())):
                warnings.simplefilter("ignore", RuntimeWarning)
            fn(*args, **kwargs)
        tally.answers += 1
        failed = False
    except ALLOWED as error:
        tally.refusals += 1
        failed = True
        if not str(error).strip("'\" "):
            tally.wrong.append(f"{shown}: {type(error).__name__} without a text")
    except TooLong:
        failed = True
        if name not in _AS_MANY:
            tally.wrong.append(f"{shown}: does not end")
    except OverflowError as error:  # PyTorch's, too, for integers beyond 64 bits
        failed = True
        if before and not any(isinstance(v, int) and abs(v) >= 2**63 for v in (*args, *kwargs.values())):
            tally.wrong.append(f"{shown}: OverflowError: {error}")
        tally.refusals += 1
    except (AssertionError, ZeroDivisionError) as error:  # what PyTorch raises in these places
        failed = True
        if not any(said in str(error) for said in _PYTORCHS_OWN):
            tally.wrong.append(f"{shown}: {type(error).__name__}: {error}")
        tally.refusals += 1
    except Exception as error:
        failed = True
        tally.wrong.append(f"{shown}: {type(error).__name__}: {str(error)[:90]}")
    finally:
        signal.alarm(0)
    writes = name.endswith("_") or name.startswith(("nn.", "init.")) or _writes(fn)
    for tensor, values, requires, version in before:
        same = tensor.value.shape == values.shape and np.array_equal(tensor.value, values, equal_nan=values.dtype.kind == "f")
        if not same and (failed or not writes):
            tally.wrong.append(f"{shown}: {'a refused call' if failed else 'it'} changed an argument")
        elif failed and not name.startswith("nn.") and (tensor.requires_grad != requires or tensor._version != version):
            tally.wrong.append(f"{shown}: a refused call half-changed an argument")
    if not ac.is_grad_enabled():
        tally.wrong.append(f"{shown}: left recording switched off")
        ac.set_grad_enabled(True)


def _writes(fn: Callable[..., Any]) -> bool:
    """May it write into an argument: `inplace`, `out`, running statistics?"""
    try:
        return bool({"inplace", "out", "running_mean"} & set(inspect.signature(fn).parameters))
    except (TypeError, ValueError):
        return False


def _short(x: Any) -> str:
    if isinstance(x, ac.Tensor):
        return f"{x.dtype}{list(x.shape)}{'*' if x.requires_grad else ''}"
    return repr(x)[:30]


def fuzz(inputs: int, seed: int) -> Tally:
    """So many calls, spread evenly over the surface."""
    rng = np.random.default_rng(seed)
    functions = surface()
    tally = Tally()
    names = sorted(functions)
    while tally.inputs < inputs:
        for name in names:
            if tally.inputs >= inputs:
                break
            attempt(name, functions[name], *arguments(name, functions[name], rng), tally)
    return tally
