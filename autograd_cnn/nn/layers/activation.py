"""Activation layers."""

from __future__ import annotations

from typing import Any

from ...tensors import creation
from ...tensors.tensor import Parameter, Tensor
from .. import functional as F
from ..module.module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class ReLU(Module):
    """y = max(x, 0).   (*) → (*)   [Nair and Hinton 2010]

    >>> import autograd_cnn as ac
    >>> ac.nn.ReLU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU6(Module):
    """y = min(max(x, 0), 6).   (*) → (*)   [Krizhevsky 2010]

    >>> import autograd_cnn as ac
    >>> ac.nn.ReLU6()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """y = max(x, 0) + negative_slope · min(x, 0).   (*) → (*)   [Maas et al. 2013]

    >>> import autograd_cnn as ac
    >>> ac.nn.LeakyReLU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class RReLU(Module):
    """y = x if x ≥ 0 else a · x, a uniform in [lower, upper] in training, their mean in evaluation.   (*) → (*)   [Xu et al. 2015]

    >>> import autograd_cnn as ac
    >>> ac.nn.RReLU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """y = x if x > 0 else alpha · (eˣ − 1).   (*) → (*)   [Clevert et al. 2016]

    >>> import autograd_cnn as ac
    >>> ac.nn.ELU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(Module):
    """y = max(0, x) + min(0, alpha · (exp(x/alpha) − 1)).   (*) → (*)   [Barron 2017]

    >>> import autograd_cnn as ac
    >>> ac.nn.CELU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class SELU(Module):
    """y = λ · ELU(x, α) with λ = 1.0507, α = 1.6733.   (*) → (*)   [Klambauer et al. 2017]

    >>> import autograd_cnn as ac
    >>> ac.nn.SELU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class SiLU(Module):
    """y = x · σ(x).   (*) → (*)   [Elfwing et al. 2017]

    >>> import autograd_cnn as ac
    >>> ac.nn.SiLU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Mish(Module):
    """y = x · tanh(softplus(x)).   (*) → (*)   [Misra 2019]

    >>> import autograd_cnn as ac
    >>> ac.nn.Mish()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Hardswish(Module):
    """y = x · min(max(x + 3, 0), 6) / 6.   (*) → (*)   [Howard et al. 2019]

    >>> import autograd_cnn as ac
    >>> ac.nn.Hardswish()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)


class Hardsigmoid(Module):
    """y = min(max(x + 3, 0), 6) / 6.   (*) → (*)   [Courbariaux et al. 2015]

    >>> import autograd_cnn as ac
    >>> ac.nn.Hardsigmoid()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)


class Hardtanh(Module):
    """y = min(max(x, min_val), max_val).   (*) → (*)   [Collobert 2004]

    >>> import autograd_cnn as ac
    >>> ac.nn.Hardtanh()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class Threshold(Module):
    """y = x if x > threshold else value.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Threshold(0.1, 20.0)(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """y = x · Φ(x), Φ the normal distribution function (approximate='tanh': a formula near it).   (*) → (*)   [Hendrycks and Gimpel 2016]

    >>> import autograd_cnn as ac
    >>> ac.nn.GELU()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """y = log(1 + exp(beta · x)) / beta, x itself where beta · x > threshold.   (*) → (*)   [Dugas et al. 2001]

    >>> import autograd_cnn as ac
    >>> ac.nn.Softplus()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softshrink(Module):
    """y = x − lambd, x + lambd or 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Softshrink()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(Module):
    """y = x if |x| > lambd else 0.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Hardshrink()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Tanhshrink(Module):
    """y = x − tanh(x).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Tanhshrink()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class Softsign(Module):
    """y = x / (1 + |x|).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Softsign()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class Tanh(Module):
    """y = tanh(x).   (*) → (*)   [LeCun et al. 1998]

    >>> import autograd_cnn as ac
    >>> ac.nn.Tanh()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return input.tanh()


class Sigmoid(Module):
    """y = 1 / (1 + e⁻ˣ).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Sigmoid()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return input.sigmoid()


class LogSigmoid(Module):
    """y = log(1 / (1 + e⁻ˣ)).   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.LogSigmoid()(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Softmax(Module):
    """y_i = exp(x_i) / Σ_j exp(x_j) along dim.   (*) → (*)   [Bridle 1990]

    >>> import autograd_cnn as ac
    >>> ac.nn.Softmax(dim=1)(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """y_i = x_i − log Σ_j exp(x_j) along dim.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.LogSoftmax(dim=1)(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Module):
    """y_i = exp(−x_i) / Σ_j exp(−x_j) along dim.   (*) → (*)

    >>> import autograd_cnn as ac
    >>> ac.nn.Softmin(dim=1)(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GLU(Module):
    """y = a · σ(b), where a and b are the halves of x along dim.   (…, 2n, …) → (…, n, …)   [Dauphin et al. 2016]

    >>> import autograd_cnn as ac
    >>> ac.nn.GLU()(ac.ones(1, 2)).shape
    torch.Size([1, 1])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax2d(Module):
    """Softmax over the channels at each pixel.   (N, C, H, W) → (N, C, H, W)"""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)


class PReLU(Module):
    """y = max(x, 0) + weight · min(x, 0), the slope learned: one for all, or one for each channel.   (*) → (*)   [He et al. 2015]

    >>> import autograd_cnn as ac
    >>> ac.nn.PReLU(2)(ac.ones(1, 2)).shape
    torch.Size([1, 2])
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(creation.empty(num_parameters, dtype=dtype, device=device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to `init`."""
        from ..init import constant_

        constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
