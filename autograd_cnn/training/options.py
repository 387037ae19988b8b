"""What a run is: the choices, checked before anything is computed or written."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from .. import nn, optim
from ..errors import nearest
from ..optim import lr_scheduler
from ..vision.models import get_model, small_models

OPTIMIZERS = ("adadelta", "adagrad", "adam", "adamw", "nadam", "nesterov", "radam", "rmsprop", "sgd")
SCHEDULES = ("constant", "cosine", "step")
_CLASSES = {
    "adadelta": "Adadelta",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
}


@dataclass(frozen=True)
class Options:
    """The choices of a run. They are kept in its checkpoint, so that resuming needs only the folder."""

    model: str = "lenet5"
    data: str = "digits"
    epochs: int = 30
    batch_size: int = 32
    lr: float = 0.002
    optimizer: str = "adam"
    schedule: str = "cosine"
    momentum: float = 0.9
    weight_decay: float = 0.0
    l1: float = 0.0
    augment: int = 2
    seed: int = 0
    workers: int = 0

    def check(self) -> Options:
        """The options themselves, if a run can be made of them.

        Raises:
            ValueError: that names the option, what it takes and what came.
        """
        for name, known in (("model", small_models()), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"--{name}: expected one of {', '.join(known)}, got {value!r}.{nearest(value, known)}")
        for name, least in (("epochs", 0), ("batch_size", 1), ("workers", 0), ("augment", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"--{name.replace('_', '-')}: expected a whole number from {least} on, got {getattr(self, name)}.")
        for name in ("lr", "momentum", "weight_decay", "l1"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"--{name.replace('_', '-')}: expected a number from 0 on, got {value}.")
        return self

    def check_together(self, count: int) -> None:
        """ValueError if there are more processes than pictures in a batch, of which each computes a share."""
        if count > self.batch_size:
            raise ValueError(f"--nproc {count}: expected at most as many processes as there are pictures in a batch ({self.batch_size}).")

    def asdict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def build_model(self) -> nn.Module:
        """The network, with its initial values drawn from the default generator."""
        return get_model(self.model, image_size=32)

    def build_optimizer(self, model: nn.Module) -> optim.Optimizer:
        """The optimizer of the model's parameters."""
        common: dict[str, Any] = {"lr": self.lr, "weight_decay": self.weight_decay, "l1": self.l1}
        if self.optimizer in ("sgd", "nesterov"):
            nesterov = self.optimizer == "nesterov" and self.momentum > 0
            return optim.SGD(model.parameters(), momentum=self.momentum, nesterov=nesterov, **common)
        made: optim.Optimizer = getattr(optim, _CLASSES[self.optimizer])(model.parameters(), **common)
        return made

    def build_scheduler(self, optimizer: optim.Optimizer) -> Any:
        """The learning rate's schedule over the epochs, or None for a constant one."""
        if self.schedule == "cosine":
            return lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(self.epochs, 1))
        if self.schedule == "step":
            return lr_scheduler.StepLR(optimizer, step_size=max(self.epochs // 3, 1), gamma=0.1)
        return None
