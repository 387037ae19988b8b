"""An optimizer's state as PyTorch writes it: parameters by number, in the order of the groups; and back again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from ..errors import expected
from ..tensors.tensor import Tensor, wrap

Group = dict[str, Any]
Check = Callable[[Any, Tensor, dict[Any, Any]], None]


def pack_groups(groups: list[Group]) -> tuple[dict[int, int], list[Group]]:
    """The groups with numbers for parameters, and the numbers by the identity of the parameter."""
    numbers: dict[int, int] = {}
    packed = []
    start = 0
    for group in groups:
        for i, p in enumerate(group["params"], start):
            numbers.setdefault(id(p), i)
        start += len(group["params"])
        options = {key: value for key, value in group.items() if key != "params"}
        packed.append({**options, "params": [numbers[id(p)] for p in group["params"]]})
    return numbers, packed


def pack_state(state: Mapping[Any, Any], numbers: dict[int, int]) -> dict[Any, Any]:
    """The state, keyed by parameter number; what belongs to no parameter keeps its key."""
    return {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in state.items()}


def load_groups(groups: list[Group], state_dict: dict[str, Any], defaults: Mapping[str, Any]) -> tuple[list[Group], dict[Any, Tensor]]:
    """The saved options around the present parameters, and which saved number means which of them.

    An option the saved dict lacks (an older version's, or PyTorch's, which has no `l1`) keeps its present value.
    """
    for key in ("param_groups", "state"):
        if key not in state_dict:
            raise KeyError(expected("load_state_dict", f"a dict with the key {key!r}", f"the keys {sorted(map(str, state_dict))}"))
    saved = state_dict["param_groups"]
    if len(groups) != len(saved):
        raise ValueError(f"loaded state dict has a different number of parameter groups: expected {len(groups)}, got {len(saved)}")
    for i, (group, old) in enumerate(zip(groups, saved, strict=True)):
        if len(group["params"]) != len(old["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"group {i} has {len(group['params'])} parameters here, {len(old['params'])} in the dict"
            )
    here, there = (chain.from_iterable(g["params"] for g in gs) for gs in (groups, saved))
    match = dict(zip(there, here, strict=True))
    options = {*defaults, "param_names"}
    return [_merge(group, old, options) for group, old in zip(groups, saved, strict=True)], match


def _merge(group: Group, saved: Group, options: set[str]) -> Group:
    merged = {key: _own(value) for key, value in saved.items() if key != "params"}
    present = {key: value for key, value in group.items() if key in options}
    return {**present, **merged, "params": group["params"]}


def _own(value: Any) -> Any:
    """A copy of an option that shares nothing with the state dict; an array of any library becomes a Tensor."""
    if _is_array(value):
        return _copy(value)
    if type(value) in (list, tuple):
        return type(value)(map(_own, value))
    return deepcopy(value)


def load_state(saved: Mapping[Any, Any], match: Mapping[Any, Tensor], check: Check) -> defaultdict[Any, Any]:
    """The saved state under the present parameters, copied and cast; `check` may refuse a parameter's."""
    state: defaultdict[Any, Any] = defaultdict(dict)
    for number, entry in saved.items():
        if number not in match:
            state[number] = entry
            continue
        p = match[number]
        state[p] = _cast(entry, p, None)
        check(number, p, state[p])
    return state


def _cast(value: Any, p: Tensor, key: Any) -> Any:
    """`value` with copies of its tensors, in the dtype of `p`; a `step` counts in its own."""
    if _is_array(value):
        keep = key == "step" or not np.issubdtype(p.dtype, np.floating)
        return _copy(value, None if keep else p.dtype)
    if isinstance(value, dict):
        return {k: _cast(v, p, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(v, p, None) for v in value)
    return value


def _is_array(value: Any) -> bool:
    """A Tensor, or an array or a tensor of another library, which NumPy can read."""
    return isinstance(value, Tensor) or (hasattr(value, "__array__") and not isinstance(value, np.generic))


def _copy(value: Any, dtype: Any = None) -> Tensor:
    raw = value.detach() if hasattr(value, "detach") else value
    array = np.asarray(raw)
    return wrap(array.astype(array.dtype if dtype is None else dtype))
