"""Products of matrices and vectors."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from ...engine.variable import array_of, dtype_of, ndim_of, shape_of
from ...errors import DtypeError, ShapeError
from ...kernels import matmul as product
from ...kernels.onednn import matmul as onednn
from ...primitives.cases import Bad, Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, call, literal
from ...types.promotion import Array, number_in, result_type
from ..registry.dims import normal_dims
from ..registry.expose import expose
from ..registry.legacy_arguments import numbers_first
from ..shape.shape import Shape, _reshape, transpose, unsqueeze


def same_dtype(operation: str, *values: Any) -> None:
    """Products of matrices do not promote: their dtypes must agree, as in PyTorch."""
    kinds = [dtype_of(v) for v in values]
    if kinds.count(kinds[0]) < len(kinds):
        names = " and ".join(str(k) for k in kinds)
        raise DtypeError(f"expected m1 and m2 to have the same dtype, but got: {names} in {operation}. Convert one with .to(dtype).")


def _swapped(x: Any) -> Any:
    """The last two dims exchanged."""
    return np.swapaxes(x, -1, -2) if isinstance(x, np.ndarray) else transpose(x, -1, -2)


@primitive(label="matmul", family="linalg", name="matmul")
def _matmul(input: Array, other: Array) -> Array:
    """y = input · other over the last two dims, batch dims broadcast; a vector is a row on the left and a column on the right, and
    that dim is not in y.   (…, n, k), (…, k, m) → (…, n, m)"""
    return product.matmul(input, other)


@_matmul.vjp("input")
def _(g: Array, input_shape: Shape, other: Array) -> Array:
    row, column = len(input_shape) == 1, ndim_of(other) == 1
    if not (row or column):
        return _matmul(g, _swapped(other))  # (…, n, m) · (…, m, k)
    gx = _matmul(_with_dims(g, row, column), _swapped(_with_dims(other, False, column)))
    return _reshape(gx, shape=(*shape_of(gx)[:-2], *shape_of(gx)[-1:]), kind="squeeze") if row else gx


@_matmul.vjp("other")
def _(g: Array, input: Array, other_shape: Shape) -> Array:
    row, column = ndim_of(input) == 1, len(other_shape) == 1
    if not (row or column):
        return _matmul(_swapped(input), g)  # (…, k, n) · (…, n, m)
    gz = _matmul(_swapped(_with_dims(input, row, False)), _with_dims(g, row, column))
    return _reshape(gz, shape=shape_of(gz)[:-1], kind="squeeze") if column else gz


def _with_dims(x: Any, row: bool, column: bool) -> Any:
    """The dims put back that a product with a row from the left, with a column from the right, does not have."""
    shape = shape_of(x)
    if column:
        shape = (*shape, 1)
    if row:
        shape = (*shape[:-1], 1, shape[-1])
    return _reshape(x, shape=shape, kind="unsqueeze") if row or column else x


@_matmul.cases
def _(draw: Draw) -> Case:
    n, k, m = (draw.integer(1, 3) for _ in range(3))
    a, b = draw.choice([((), ()), ((2,), ()), ((), (2,)), ((2, 1), (3,)), ((0,), (1,))])
    left = (k,) if draw.integer(0, 3) == 3 else (*a, n, k)
    right = (k,) if draw.integer(0, 3) == 3 else (*b, k, m)
    return Case(draw.array(left), draw.array(right))


_matmul.source("input @ other")
_matmul.onnx("MatMul")


@expose("function method")
def matmul(input: Array, other: Array) -> Array:
    """The product: of two vectors a number, of matrix and vector a vector, of matrices a matrix; further dims are batches that
    broadcast.

    Raises:
        ShapeError (a RuntimeError): the inner sizes differ.
        DtypeError: unequal dtypes.

    >>> import autograd_cnn as ac
    >>> ac.tensor([[1., 2.], [3., 4.]]) @ ac.tensor([1., 1.])
    tensor([3., 7.])
    """
    a, b = shape_of(input), shape_of(other)
    if not a or not b:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D")
    same_dtype("matmul", input, other)
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        if len(a) == 1 and len(b) == 1:
            raise ShapeError(
                f"inconsistent tensor size, expected tensor {list(a)} and src {list(b)} to have the same number of elements, but got "
                f"{a[0]} and {b[0]} elements respectively"
            )
        rows = a if len(a) > 1 else (1, *a)
        columns = b if len(b) > 1 else (*b, 1)
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({'x'.join(map(str, rows))} and {'x'.join(map(str, columns))}) in matmul: expected "
            f"the last size of the first, {a[-1]}, to equal the last but one of the second, {inner}."
        )
    return _matmul(input, other)


def _sizes(operation: str, x: Any, ndim: int, name: str) -> Shape:
    shape = shape_of(x)
    if len(shape) != ndim:
        raise RuntimeError(f"{operation}: expected {name} to be a {ndim}-D tensor, got {len(shape)}-D of shape {list(shape)}")
    return shape


@expose("function method")
def mm(input: Array, mat2: Array) -> Array:
    """The product of two matrices (no broadcasting).   (n, k), (k, m) → (n, m)

    Raises:
        ShapeError (a RuntimeError): other dims, or inner sizes that differ.

    >>> import autograd_cnn as ac
    >>> ac.mm(ac.tensor([[1., 2.]]), ac.tensor([[3.], [4.]]))
    tensor([[11.]])
    """
    _sizes("mm", input, 2, "self")
    _sizes("mm", mat2, 2, "mat2")
    return matmul(input, mat2)


@expose("function method")
def bmm(input: Array, mat2: Array) -> Array:
    """The products of two batches of matrices.   (b, n, k), (b, k, m) → (b, n, m)

    Raises:
        ShapeError (a RuntimeError): other dims, or sizes that differ; nothing is broadcast (see `matmul`).

    >>> import autograd_cnn as ac
    >>> ac.bmm(ac.ones(3, 2, 4), ac.ones(3, 4, 5)).shape
    torch.Size([3, 2, 5])
    """
    a, b = _sizes("bmm", input, 3, "batch1"), _sizes("bmm", mat2, 3, "batch2")
    if a[0] != b[0] or a[2] != b[1]:
        raise ShapeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}] (in bmm)."
        )
    return matmul(input, mat2)


@expose("function method")
def mv(input: Array, vec: Array) -> Array:
    """Matrix times vector.   (n, k), (k) → (n)

    >>> import autograd_cnn as ac
    >>> ac.mv(ac.tensor([[1., 2.], [3., 4.]]), ac.tensor([1., 0.]))
    tensor([1., 3.])
    """
    _sizes("mv", input, 2, "input")
    _sizes("mv", vec, 1, "vec")
    return matmul(input, vec)


@expose("function method")
def dot(input: Array, tensor: Array) -> Array:
    """The inner product of two vectors.   (n), (n) → ()

    Raises:
        RuntimeError: tensors that are no vectors, or of different lengths.

    >>> import autograd_cnn as ac
    >>> ac.dot(ac.tensor([1., 2.]), ac.tensor([3., 4.]))
    tensor(11.)
    """
    if ndim_of(input) != 1 or ndim_of(tensor) != 1:
        raise RuntimeError(f"1D tensors expected, but got {ndim_of(input)}D and {ndim_of(tensor)}D tensors in dot. Use matmul().")
    return matmul(input, tensor)


@expose("function method")
def outer(input: Array, vec2: Array) -> Array:
    """y_ij = input_i · vec2_j.   (n), (m) → (n, m)

    >>> import autograd_cnn as ac
    >>> ac.outer(ac.tensor([1., 2.]), ac.tensor([3., 4.]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    _sizes("outer", input, 1, "self")
    _sizes("outer", vec2, 1, "vec2")
    return unsqueeze(input, 1) * vec2


@expose("function method")
def ger(input: Array, vec2: Array) -> Array:
    """The same as `outer`.

    >>> import autograd_cnn as ac
    >>> ac.ger(ac.tensor([1., 2.]), ac.tensor([3., 4.]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    return outer(input, vec2)


def _blend(operation: str, input: Any, product: Any, beta: float, alpha: float) -> Any:
    """β · input + α · product; with β = 0 the input does not count, not even its NaNs."""
    array_of(input)
    alpha, beta = (number_in(dtype_of(product), v) for v in (alpha, beta))
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return scaled + (input if beta == 1 else input * beta)


@expose("function method inplace")
@numbers_first("beta", "alpha")
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """β · input + α · mat1 · mat2.   (n, m), (n, k), (k, m) → (n, m)

    The input is broadcast to the product; with β = 0 it is not read, not even its NaNs.

    >>> import autograd_cnn as ac
    >>> ac.addmm(ac.tensor([10., 20.]), ac.eye(2), ac.ones(2, 2), beta=0.5)
    tensor([[ 6., 11.],
            [ 6., 11.]])
    """
    return _blend("addmm", input, mm(mat1, mat2), beta, alpha)


@expose("function method inplace")
@numbers_first("beta", "alpha")
def addmv(input: Array, mat: Array, vec: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """β · input + α · mat · vec.   (n), (n, k), (k) → (n)

    >>> import autograd_cnn as ac
    >>> ac.addmv(ac.ones(2), ac.eye(2), ac.tensor([1., 2.]), alpha=10)
    tensor([11., 21.])
    """
    return _blend("addmv", input, mv(mat, vec), beta, alpha)


@expose("function method inplace")
@numbers_first("beta", "alpha")
def addr(input: Array, vec1: Array, vec2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """β · input + α · vec1 ⊗ vec2.   (n, m), (n), (m) → (n, m)

    >>> import autograd_cnn as ac
    >>> ac.addr(ac.zeros(2, 2), ac.tensor([1., 2.]), ac.tensor([1., 10.]))
    tensor([[ 1., 10.],
            [ 2., 20.]])
    """
    return _blend("addr", input, outer(vec1, vec2), beta, alpha)


@expose("function method inplace")
@numbers_first("beta", "alpha")
def baddbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """β · input + α · batch1 · batch2.   (b, n, m), (b, n, k), (b, k, m) → (b, n, m)

    >>> import autograd_cnn as ac
    >>> ac.baddbmm(ac.ones(2, 1, 1), ac.ones(2, 1, 3), ac.ones(2, 3, 1))[:, 0, 0]
    tensor([4., 4.])
    """
    return _blend("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@expose("function method inplace")
@numbers_first("beta", "alpha")
def addbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """β · input + α · Σ_b batch1_b · batch2_b.   (n, m), (b, n, k), (b, k, m) → (n, m)

    >>> import autograd_cnn as ac
    >>> ac.addbmm(ac.ones(1, 1), ac.ones(2, 1, 3), ac.ones(2, 3, 1))
    tensor([[7.]])
    """
    from ..reduce.reduce import as_dtype
    from ..reduce.reduce import sum as total

    return _blend("addbmm", input, as_dtype(total(bmm(batch1, batch2), 0), dtype_of(batch1)), beta, alpha)


@primitive(label="linear", family="linalg", name="linear")
def _linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """y = x · Wᵀ + b.   (…, I), (O, I), (O) → (…, O)"""
    y = product.matmul(input, weight.T)
    if bias is not None:
        if y.dtype is bias.dtype and y.ndim:
            y += bias
        else:
            y = y + bias
    return y


@_linear.source
def _(bias: Operand | None) -> str:
    return "input @ weight.T" if bias is None else "input @ weight.T + bias"


_linear.accelerated(onednn.linear)


@_linear.vjp("input")
def _(g: Array, weight: Array) -> Array:
    return _matmul(g, weight) if ndim_of(g) > 1 else matmul(g, weight)


@_linear.vjp("weight")
def _(g: Array, input: Array, weight_shape: Shape) -> Array:
    rows = math.prod(shape_of(input)[:-1])
    rows_g = _reshape(g, shape=(rows, weight_shape[0]))  # (…, O) -> (N, O)
    rows_x = _reshape(input, shape=(rows, weight_shape[1]))  # (…, I) -> (N, I)
    return _matmul(_swapped(rows_g), rows_x)


@_linear.vjp("bias")
def _(g: Array) -> Array:
    return g  # the walk sums over the batch: broadcasting undone


@_linear.cases
def _(draw: Draw) -> Case:
    lead = draw.shape(min_dims=0, max_dims=2)
    i, o = draw.integer(1, 3), draw.integer(1, 3)
    x, w = draw.array((*lead, i)), draw.array((o, i))
    return Case(x, w, draw.array((o,))) if draw.boolean() else Case(x, w)


@_linear.bad_cases
def _() -> Any:
    yield Bad(
        np.ones((2, 3)),
        np.ones((4, 5)),
        error=RuntimeError,
        match="mat1 and mat2 shapes cannot be multiplied|mismatch|matmul",
    )


@_linear.onnx
def _(to: Emit, input: Any, weight: Any, bias: Any) -> Any:
    if len(input.shape) == 2:
        return to.Gemm(input, weight, bias, transB=1)
    y = to.MatMul(input, to.Transpose(weight, perm=(1, 0)) if len(weight.shape) == 2 else weight)
    return y if bias is None else to.Add(y, bias)


@expose("functional")
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """y = x · Wᵀ + b: the fully connected layer.   (…, I), (O, I), (O) → (…, O)

    Parameters: O · I + O.  Errors: ShapeError when the input's last size is not I.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.linear(ac.ones(1, 3), ac.ones(2, 3), ac.tensor([0., 1.]))
    tensor([[3., 4.]])
    """
    x, w = shape_of(input), shape_of(weight)
    if len(w) == 1:
        if bias is not None and shape_of(bias):
            raise ShapeError(
                f"linear: expected a bias without dims beside a weight of one dim, got a bias of shape {list(shape_of(bias))}."
            )
        y = matmul(input, weight)
        return y if bias is None else y + bias
    if not x or x[-1] != w[1]:
        rows = 1
        for n in x[:-1]:
            rows *= n
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x[-1] if x else 1} and {w[1]}x{w[0]}) in linear: expected an input whose "
            f"last size is in_features={w[1]}, got shape {list(x)}. Flatten it, or make the layer with in_features={x[-1] if x else 1}."
        )
    same_dtype("linear", input, weight, *(() if bias is None else (bias,)))
    return _linear(input, weight, bias)


@expose("functional")
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    """y_o = x₁ᵀ · W_o · x₂ + b_o.   (…, I), (…, J), (O, I, J), (O) → (…, O)

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.bilinear(ac.ones(1, 2), ac.ones(1, 3), ac.ones(1, 2, 3))
    tensor([[6.]])
    """
    y = einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


@expose("function")
def tensordot(a: Array, b: Array, dims: Any = 2) -> Array:
    """Products summed over several dims at once: the last `dims` of a with the first of b, or the two lists of dims given.

    >>> import autograd_cnn as ac
    >>> ac.tensordot(ac.ones(2, 3, 4), ac.ones(3, 4, 5), 2).shape
    torch.Size([2, 5])
    """
    from ..reduce.reduce import sum as total

    na, nb = ndim_of(a), ndim_of(b)
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        da, db = tuple(range(na - dims, na)), tuple(range(dims))
    else:
        da, db = normal_dims(dims[0], na, "tensordot"), normal_dims(dims[1], nb, "tensordot")
    for i, j in zip(da, db, strict=True):  # a size of 1 stands for all of the other's: that one is summed first
        if shape_of(a)[i] != shape_of(b)[j] and 1 in (shape_of(a)[i], shape_of(b)[j]):
            dtype = dtype_of(a)
            a, b = (total(a, i, keepdim=True, dtype=dtype), b) if shape_of(b)[j] == 1 else (a, total(b, j, keepdim=True, dtype=dtype))
    if [shape_of(a)[i] for i in da] != [shape_of(b)[i] for i in db]:
        raise ShapeError(
            f"contracted dimensions need to match, but first has sizes {[shape_of(a)[i] for i in da]} and second has sizes "
            f"{[shape_of(b)[i] for i in db]} in tensordot"
        )
    letters = iter(string.ascii_letters)
    left = [next(letters) for _ in range(na)]
    right = [next(letters) for _ in range(nb)]
    for i, j in zip(da, db, strict=True):
        right[j] = left[i]
    out = [c for i, c in enumerate(left) if i not in da] + [c for j, c in enumerate(right) if j not in db]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", a, b)


# ------------------------------------------------------------------------------------------------- einsum
@primitive(label="einsum {equation}", family="linalg", name="einsum")
def _einsum(*operands: Array, equation: str) -> Array:
    """Products summed over the letters that do not stand in the result; letters stand for dims, each once in an operand"""
    dtype = result_type(*operands)
    y = np.einsum(equation, *operands, optimize=len(operands) > 1)  # two operands go to the matrix product
    return np.array(y, dtype) if y.base is not None else y.astype(dtype, copy=False)


@_einsum.source
def _(operands: Any, equation: str) -> str:
    return call("np.einsum", literal(equation), *(o.name for o in operands))


@_einsum.vjp("operands")
def _(g: Array, operands: tuple[Array, ...], operands_shape: tuple[Shape, ...], equation: str, need: tuple[bool, ...]) -> tuple[Any, ...]:
    """dE/d operand_i: the same sum with the gradient in the operand's place, stretched over letters only it has."""
    left, out = equation.split("->")
    terms = left.split(",")
    grads: list[Any] = []
    for i, term in enumerate(terms):
        if not need[i]:
            grads.append(None)
            continue
        others = [t for j, t in enumerate(terms) if j != i]
        known = set(out).union(*others) if others else set(out)
        here = "".join(c for c in term if c in known)
        y = _einsum(g, *(x for j, x in enumerate(operands) if j != i), equation=f"{','.join([out, *others])}->{here}")
        for at, c in enumerate(term):
            if c not in known:
                y = unsqueeze(y, at)
        grads.append(y * np.ones(operands_shape[i], dtype_of(g)) if len(here) < len(term) else y)
    return tuple(grads)


@_einsum.cases
def _(draw: Draw) -> Case:
    sizes = {"i": 2, "j": 3, "k": 2}
    equation = draw.choice(["ij,jk->ik", "ij->ji", "ij->i", "i,j->ij", "ij,ij->", "ij,jk,k->i", "ij,kj->ikj"])
    terms = equation.split("->")[0].split(",")
    return Case(*[draw.array(tuple(sizes[c] for c in t)) for t in terms], equation=equation)


@_einsum.onnx
def _(to: Emit, *operands: Any, equation: Any) -> Any:
    if "..." in equation:
        to.refuse("with ellipses has no dependable form in ONNX")
    return to.Einsum(*to.alike(*operands), equation=equation)


@expose("function")
def einsum(equation: str, *operands: Any) -> Array:
    """Einstein's sum: `"ij,jk->ik"` is the matrix product. `...` stands for batch dims; a letter twice in one operand takes the
    diagonal; without `->` the result has the letters that occur once, in alphabetical order.

    >>> import autograd_cnn as ac
    >>> ac.einsum("ij,j->i", ac.tensor([[1., 2.], [3., 4.]]), ac.tensor([1., 1.]))
    tensor([3., 7.])
    """
    given = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], list | tuple) else list(operands)
    text = equation.replace(" ", "")
    left, arrow, out = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(given):
        raise RuntimeError(f"einsum(): expected {len(terms)} operands for the equation {equation!r}, got {len(given)}")
    terms, out = _spell_out(terms, out, bool(arrow), given, equation)
    for i, term in enumerate(terms):
        terms[i], given[i] = _without_repeats(term, given[i])
    sizes: dict[str, int] = {}
    for i, term in enumerate(terms):
        for c, n in zip(term, shape_of(given[i]), strict=True):
            if sizes.setdefault(c, n) != n and 1 not in (sizes[c], n):
                raise ShapeError(
                    f"einsum(): operands do not broadcast with remapped shapes: subscript {c!r} has size {n} in operand {i} and "
                    f"{sizes[c]} in an earlier one"
                )
            sizes[c] = max(sizes[c], n)
    for c in out:
        if c not in sizes:
            raise RuntimeError(f"einsum(): output subscript {c} does not appear in the equation for any input operand")
    for i, term in enumerate(terms):  # a size-1 dim met by a larger one is broadcast
        if any(n != sizes[c] for c, n in zip(term, shape_of(given[i]), strict=True)):
            from ..shape.shape import expand

            given[i] = expand(given[i], *(sizes[c] for c in term))
    return _einsum(*given, equation=f"{','.join(terms)}->{out}")


def _spell_out(terms: list[str], out: str, arrow: bool, given: list[Any], equation: str) -> tuple[list[str], str]:
    """Letters for `...`, and the result's letters where they were left out."""
    if any(c not in string.ascii_letters + "." for c in "".join(terms) + out):
        raise RuntimeError(f"einsum(): invalid subscript given in {equation!r}: subscripts must be in [a-zA-Z]")
    used = set("".join(terms) + out)
    donated = [c for c in string.ascii_letters if c not in used]
    widest = 0
    for term, x in zip(terms, given, strict=True):
        n = ndim_of(x) - len(term.replace("...", ""))
        if n < 0 or (n > 0 and "..." not in term):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(term.replace('...', ''))}) does not match the number of dimensions "
                f"({ndim_of(x)}) for operand {given.index(x) if x is None else terms.index(term)} and no ellipsis was given"
            )
        widest = max(widest, n) if "..." in term else widest
    batch = "".join(donated[:widest])
    full = [t.replace("...", batch[widest - (ndim_of(x) - len(t.replace("...", ""))) :]) for t, x in zip(terms, given, strict=True)]
    if arrow:
        return full, out.replace("...", batch)
    letters = "".join(terms).replace(".", "")
    return full, batch + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))


def _without_repeats(term: str, x: Any) -> tuple[str, Any]:
    """A letter twice in one operand: its diagonal."""
    from ..shape.diagonals import diagonal

    for c in dict.fromkeys(term):
        while term.count(c) > 1:
            i = term.index(c)
            j = term.index(c, i + 1)
            x = diagonal(x, 0, i, j)
            term = term[:i] + term[i + 1 : j] + term[j + 1 :] + c
    return term, x


@expose("function method")
def kron(input: Array, other: Array) -> Array:
    """The Kronecker product of two matrices (or tensors of equal ndim).

    Each entry of the first times the whole second, as blocks.   (a, b), (c, d) → (a·c, b·d)

    >>> import autograd_cnn as ac
    >>> ac.kron(ac.eye(2), ac.tensor([[1., 2.]]))
    tensor([[1., 2., 0., 0.],
            [0., 0., 1., 2.]])
    """
    a, b = shape_of(input), shape_of(other)
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    x = _reshape(input, shape=tuple(s for k in a for s in (k, 1)))
    z = _reshape(other, shape=tuple(s for k in b for s in (1, k)))
    return _reshape(x * z, shape=tuple(p * q for p, q in zip(a, b, strict=True)))


@expose("function")
def chain_matmul(*matrices: Array) -> Array:
    """The product of several matrices, from left to right.

    Raises:
        RuntimeError: no matrices, or tensors that are none.

    >>> import autograd_cnn as ac
    >>> ac.chain_matmul(ac.ones(2, 3), ac.ones(3, 4), ac.ones(4, 1)).shape
    torch.Size([2, 1])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): expected one or more matrices, got none.")
    for m in matrices:
        if len(shape_of(m)) != 2:
            raise ShapeError(f"chain_matmul(): Tensor dimension is {len(shape_of(m))}, expected 2 instead. Use matmul for vectors.")
    y = matrices[0]
    for m in matrices[1:]:
        y = mm(y, m)
    return y
