"""Mixed precision: accepted, and everything is computed in the tensors' own dtypes, as on a CPU that has no faster one."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class autocast:
    """`with autocast("cpu"):`, or as a decorator: the block as it is, with a warning where PyTorch would compute in bfloat16."""

    def __init__(self, device_type: Any = "cpu", dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None) -> None:
        self.device = device_type
        self._told = not enabled or str(device_type) != "cpu"  # of others PyTorch itself switches it off here

    def __enter__(self) -> autocast:
        if not self._told:
            warnings.warn(
                "autocast('cpu'): there is no bfloat16 or float16 to compute in. The block is computed in the dtype of its tensors: "
                "more exactly than PyTorch does, and with results of another dtype.",
                stacklevel=2,
            )
        return self

    def __exit__(self, *_: Any) -> None: ...

    def __call__(self, fn: F) -> F:
        if self._told:
            return fn

        @functools.wraps(fn)
        def within(*args: Any, **kwargs: Any) -> Any:
            with self:
                return fn(*args, **kwargs)

        return within  # type: ignore[return-value]


class GradScaler:
    """Scales losses by 1: float32 gradients do not vanish. `step(optimizer)` steps."""

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        """The arguments are accepted; without CUDA PyTorch's scaler is switched off, too."""

    def scale(self, outputs: Any) -> Any:
        """The outputs themselves."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing was scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step(...)`."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """The scale stays 1."""

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def is_enabled(self) -> bool:
        """Scaling is off."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Empty, as of a scaler that is switched off."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Accepts the state of any scaler."""


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    """Nothing is cast behind the program's back."""
    return False


def custom_fwd(fwd: Any = None, **options: Any) -> Any:
    """The function itself: a decorator for a Function's forward."""
    return functools.partial(custom_fwd, **options) if fwd is None else fwd


def custom_bwd(bwd: Any = None, **options: Any) -> Any:
    """The function itself: a decorator for a Function's backward."""
    return functools.partial(custom_bwd, **options) if bwd is None else bwd


def is_autocast_available(device_type: str) -> bool:
    """Accepted for the CPU."""
    return device_type == "cpu"
