"""An optimizer whose state is divided among processes."""

from __future__ import annotations

from typing import Any

from .optimizer import Optimizer, ParamsT

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer(Optimizer):
    """Every process steps for a part of the parameters, keeps the state of that part only, and sends the others what became of it: the
    same numbers as `optimizer_class` in every process, with 1/n of its state in each.

    Args:
        optimizer_class: which optimizer; `defaults` are its options.
        process_group: among whom; all processes if not given.

    >>> import autograd_cnn as ac
    >>> ac.optim.ZeroRedundancyOptimizer(ac.nn.Linear(2, 1).parameters(), ac.optim.Adam, lr=0.01)
    Traceback (most recent call last):
        ...
    ValueError: Default process group has not been initialized, please make sure to call init_process_group.

    Raises:
        ValueError: `init_process_group` was not called.
        RuntimeError: (from `state_dict`) the state was not brought together by `consolidate_state_dict` before.

    Source: Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", SC 2020.
    """

    def __init__(self, params: ParamsT, optimizer_class: Any, process_group: Any = None, **defaults: Any) -> None:
        from ..distributed.groups import of

        self.process_group = of(process_group, "ZeroRedundancyOptimizer")
        self._class, self._given = optimizer_class, defaults
        self._all: list[dict[int, Any]] | None = None
        self.optim: Optimizer | None = None
        super().__init__(params, defaults)
        self._divide()

    def _divide(self) -> None:
        """The largest parameter first, each to whom has the least so far: the same everywhere, without a word."""
        size, rank = self.process_group.size(), self.process_group.rank()
        flat = [p for group in self.param_groups for p in group["params"]]
        load, owner = [0] * size, [0] * len(flat)
        for i in sorted(range(len(flat)), key=lambda i: -flat[i].numel()):
            owner[i] = load.index(min(load))
            load[owner[i]] += flat[i].numel()
        self._owned = [[i for i in range(len(flat)) if owner[i] == r] for r in range(size)]
        self._flat = flat
        groups, at = [], 0
        for group in self.param_groups:
            mine = [p for i, p in enumerate(group["params"], at) if owner[i] == rank]
            groups.append({**group, "params": mine})
            at += len(group["params"])
        self.optim = self._class(groups, **self._given)
        for ours, theirs in zip(self.param_groups, self.optim.param_groups, strict=True):
            for name, value in theirs.items():
                ours.setdefault(name, value)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """More parameters. Only before the first step: what was kept stays where it is."""
        if self.optim is not None and self.optim.state:
            raise RuntimeError("ZeroRedundancyOptimizer.add_param_group: after a step; add the parameters before it.")
        super().add_param_group(param_group)
        if self.optim is not None:
            self._divide()

    def _local(self) -> Optimizer:
        if self.optim is None:
            raise RuntimeError("ZeroRedundancyOptimizer: it has no parameters yet.")
        for ours, theirs in zip(self.param_groups, self.optim.param_groups, strict=True):  # schedules write into ours
            theirs.update({name: value for name, value in ours.items() if name != "params"})
        return self.optim

    def step(self, closure: Any = None) -> Any:
        """One step of each process's part, then everybody has all parameters."""
        from ..distributed.packed import broadcast_all

        loss = self._local().step(closure) if closure is not None else self._local().step()
        for r, owned in enumerate(self._owned):
            broadcast_all(self.process_group, f"the parameters of rank {r}'s part", [self._flat[i] for i in owned], r)
        return loss

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Bring the state of all parts to process `to`, whose `state_dict()` then is that of an undivided `optimizer_class`."""
        from ..distributed.objects import gather_object

        here = self.process_group.ranks[self.process_group.rank()] == to
        every: list[Any] | None = [None] * self.process_group.size() if here else None
        gather_object(self._local().state_dict()["state"], every, to, self.process_group)
        self._all = every

    def state_dict(self) -> dict[str, Any]:
        """The state of all parts, numbered as `optimizer_class` numbers it, so that it goes on with any number of processes."""
        if self._all is None:
            raise RuntimeError(
                "Optimizer state has not been consolidated on this rank. Please call `consolidate_state_dict(to=…)` on all ranks beforehand."
            )
        state = {i: part[k] for owned, part in zip(self._owned, self._all, strict=True) for k, i in enumerate(owned) if k in part}
        self._local()
        return {"state": dict(sorted(state.items())), "param_groups": super().state_dict()["param_groups"]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The state of an undivided optimizer: each process takes its part."""
        super().load_state_dict({"state": {}, "param_groups": state_dict["param_groups"]})
        mine = self._owned[self.process_group.rank()]
        local = self._local()
        groups = [
            {**ours, "params": numbers["params"]}
            for ours, numbers in zip(state_dict["param_groups"], local.state_dict()["param_groups"], strict=True)
        ]
        state = {k: state_dict["state"][i] for k, i in enumerate(mine) if i in state_dict["state"]}
        local.load_state_dict({"state": state, "param_groups": groups})
        self._all = None
