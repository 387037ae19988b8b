"""Published weights: where they are, and how a model is built with them."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from ...errors import nearest
from ...nn import Module
from ...serialization import hub
from ..transforms.presets import ImageClassification

M = TypeVar("M", bound=Module)
HOST = "https://download.pytorch.org/models/"


class Weights(NamedTuple):
    """A file of weights: what was done with the pictures it was trained on, and the smallest picture the network takes."""

    url: str
    preset: dict[str, Any]  # arguments of `ImageClassification`
    min_size: int = 1
    num_classes: int | None = 1000  # None: its last layers were not trained


class WeightsEnum(enum.Enum):
    """The published weights of one model: `ResNet18_Weights.IMAGENET1K_V1`, or `DEFAULT` for the best of them."""

    @classmethod
    def verify(cls, obj: Any) -> WeightsEnum | None:
        """The weights meant by an entry, its name, or None.

        Raises:
            TypeError: an entry of another model. ValueError: an unknown name.
        """
        if obj is None or isinstance(obj, cls):
            return obj
        if isinstance(obj, str):
            name = obj.removeprefix(f"{cls.__name__}.")
            if name not in cls.__members__:
                raise ValueError(f"Unknown weights {obj!r}: expected one of {', '.join(cls.__members__)}.{nearest(name, cls.__members__)}")
            return cls[name]
        raise TypeError(f"Invalid Weight class provided; expected {cls.__name__} but received {type(obj).__name__}.")

    @property
    def url(self) -> str:
        """Where the file is published."""
        return str(self.value.url)

    @property
    def meta(self) -> dict[str, Any]:
        """What the weights are for."""
        return {"num_classes": self.value.num_classes, "min_size": (self.value.min_size, self.value.min_size)}

    def get_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The weights; see `hub.load_state_dict_from_url`."""
        return hub.load_state_dict_from_url(self.url, *args, **kwargs)

    def transforms(self, **changed: Any) -> ImageClassification:
        """What was done with the pictures: resized, the middle taken, normalised."""
        return ImageClassification(**{**self.value.preset, **changed})

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


def weights_of(
    name: str,
    *files: str,
    crop: int = 224,
    resize: int = 256,
    sizes: tuple[int, ...] = (),
    min_size: int = 1,
    more: dict[str, Weights] | None = None,
) -> Any:
    """The enumeration of a model's weights: IMAGENET1K_V1, _V2, … and DEFAULT, the last of these.

    Args:
        sizes: what pictures were resized to, for each file; `resize` by default. more: entries of another kind.
    """
    entries = {}
    for i, file in enumerate(files):
        preset = {"crop_size": crop, "resize_size": sizes[i] if i < len(sizes) else resize}
        entries[f"IMAGENET1K_V{i + 1}"] = Weights(HOST + file, preset, min_size)
    entries |= {**(more or {}), "DEFAULT": entries[f"IMAGENET1K_V{len(files)}"]}
    factory: Any = WeightsEnum  # called, an enumeration without entries makes another
    made = factory(name, entries, module=__package__)
    made.__doc__ = f"Published weights, one entry for each file: {', '.join(files)}."
    return made


REGISTRY: dict[str, Callable[..., Module]] = {}
WEIGHTS: dict[str, Any] = {}


def published(weights_enum: Any = None, aux_by_default: bool | None = None) -> Callable[[Callable[..., M]], Callable[..., M]]:
    """Gives a builder the arguments `weights=`, `progress=` and the old `pretrained=`, and enters it under its name.

    Args:
        aux_by_default: of networks published with auxiliary heads: are they kept with published weights if nobody asks?
    """

    def wrap(build: Callable[..., M]) -> Callable[..., M]:
        name = build.__name__

        @functools.wraps(build)
        def built(*old: Any, weights: Any = None, pretrained: Any = None, progress: bool = True, **config: Any) -> M:
            chosen = _chosen(name, weights_enum, weights, old[0] if old else pretrained)
            if len(old) > 1:
                progress = bool(old[1])
            if chosen is None:
                return build(**config)
            _check_classes(chosen, config)
            if aux_by_default is None:
                return _filled(build(**_undrawn(build, config)), chosen, progress)
            kept = config.get("aux_logits", aux_by_default)
            model: Any = _filled(build(**{"transform_input": True, **config, "aux_logits": True, "init_weights": False}), chosen, progress)
            if not kept:
                model.drop_aux()
            return cast(M, model)

        REGISTRY[name] = built
        WEIGHTS[name] = weights_enum
        return built

    return wrap


def _chosen(name: str, weights_enum: Any, weights: Any, pretrained: Any) -> Any:
    if pretrained is not None and not isinstance(pretrained, bool):  # weights given by position
        weights, pretrained = pretrained, None
    if weights is None and not pretrained:
        return None
    if weights_enum is None:
        raise ValueError(f"No checkpoint is available for model {name}: expected weights=None.")
    return weights_enum.verify("IMAGENET1K_V1" if weights is None else weights)


def _check_classes(chosen: Any, config: dict[str, Any]) -> None:
    classes = chosen.value.num_classes
    if classes is not None and config.setdefault("num_classes", classes) != classes:
        raise ValueError(
            f"The parameter 'num_classes' expected value {classes} but got {config['num_classes']} instead: the weights are for {classes} "
            f"classes. Load them into a model of {classes} classes, then replace its last layer."
        )


def _undrawn(build: Callable[..., M], config: dict[str, Any]) -> dict[str, Any]:
    """Without drawing initial values that are overwritten at once, where the builder can do without."""
    return {"init_weights": False, **config} if "init_weights" in inspect.signature(build).parameters else config


def _filled(model: M, chosen: Any, progress: bool) -> M:
    model.load_state_dict(chosen.get_state_dict(progress=progress, check_hash=True))
    return model
