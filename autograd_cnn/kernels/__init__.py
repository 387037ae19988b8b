"""Array in, array out. Knows no graph and no Tensor.

`reference` has the kernels in NumPy, `onednn` faster ones for some cases, `memory` what both work in. `layouts` says what whoever holds
values must know of backends, `environment` what computes here; `matmul` chooses between NumPy and oneDNN. `calls` are the reference
kernels under the names of their operations, for programs: `kernels.conv`.

Every kernel takes arrays of any strides (views, broadcast, negative steps, no elements at all), leaves them untouched,
and returns new arrays of their dtype. Space has any number of dimensions: one code for signals, images and volumes.
"""

from typing import Any

_ROOMS = frozenset({"calls", "environment", "errstate", "layouts", "matmul", "memory", "onednn", "reference"})


def __getattr__(name: str) -> Any:
    """The reference kernel of an operation, as a program calls it (see `calls`)."""
    if name in _ROOMS or name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .calls import of

    return of(name)
