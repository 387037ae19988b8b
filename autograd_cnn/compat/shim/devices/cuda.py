"""`torch.cuda` of a PyTorch that was built without it: questions are answered, seeds accepted, work refused."""

from __future__ import annotations

from typing import Any, NoReturn

from ....types.device import as_device
from ..top import OutOfMemoryError  # noqa: F401  # torch.cuda.OutOfMemoryError


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises AssertionError, as a PyTorch without CUDA."""
    raise AssertionError("Torch not compiled with CUDA enabled: this library computes on the CPU. Ask torch.cuda.is_available() first.")


def is_available() -> bool:
    """There is only the CPU."""
    return False


is_initialized = is_bf16_supported = is_available


def device_count() -> int:
    """There are none."""
    return 0


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Accepted: there is no device whose state it would change."""


manual_seed = manual_seed_all = seed = seed_all = empty_cache = ipc_collect = reset_peak_memory_stats = reset_max_memory_allocated = (
    _nothing
)
set_per_process_memory_fraction = _nothing
init = synchronize = current_device = get_device_name = get_device_properties = get_device_capability = current_stream = set_device = (
    _refuse
)
default_stream = get_rng_state = set_rng_state = mem_get_info = _refuse


def memory_allocated(device: Any = None) -> int:
    """No memory of a device is in use."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_cached = max_memory_cached = memory_allocated


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """No device, no memory."""
    return "No CUDA device: torch.cuda is not available here."


def get_rng_state_all() -> list[Any]:
    """No devices, no states."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Accepts the states of no devices."""
    if list(new_states):
        _refuse()


def get_arch_list() -> list[str]:
    """Built for no device."""
    return []


class device:
    """`with torch.cuda.device(n)`: refused, unless n is -1 or None, which ask for nothing."""

    def __init__(self, device: Any) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx not in (None, -1) and getattr(self.idx, "type", "cuda") != "cpu":
            _refuse()

    def __exit__(self, *_: Any) -> None: ...


class Event:
    """Times work on a device: refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse()


class Stream(Event):
    """A queue of work on a device: refused."""


def device_of(obj: Any) -> device:
    """Nothing lies on a device."""
    return device(-1 if as_device(obj.device).type == "cpu" else 0)
