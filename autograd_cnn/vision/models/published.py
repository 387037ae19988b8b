"""Published weights: where they are, and how a model is built with them."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ... import hub
from ...errors import nearest
from ...nn import Module
from .. import transforms as T

M = TypeVar("M", bound=Module)
_HOST = "https://download.pytorch.org/models/"


class Weights(NamedTuple):
    """A file of weights, and the size of picture it was trained for."""

    url: str
    crop_size: int = 224
    resize_size: int = 256


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
        return {"num_classes": 1000, "min_size": (1, 1)}

    def get_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The weights; see `hub.load_state_dict_from_url`."""
        return hub.load_state_dict_from_url(self.url, *args, **kwargs)

    def transforms(self) -> Callable[[Any], Any]:
        """What was done with the pictures: resized, the middle taken, normalised."""
        steps: list[Callable[[Any], Any]] = [T.Resize(self.value.resize_size), T.CenterCrop(self.value.crop_size), _as_floats,
                 T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]  # fmt: skip
        return T.Compose(steps)


def _as_floats(img: Any) -> Any:
    from ...tensor import Tensor

    return T.functional.convert_image_dtype(img) if isinstance(img, Tensor) else T.functional.to_tensor(img)


def weights_of(name: str, *files: str, crop: int = 224, resize: int = 256, sizes: tuple[int, ...] = ()) -> Any:
    """The enumeration of a model's weights: IMAGENET1K_V1, _V2, … and DEFAULT, the last.

    Args:
        sizes: what pictures were resized to, for each file; `resize` by default.
    """
    entries = {f"IMAGENET1K_V{i + 1}": Weights(_HOST + f, crop, sizes[i] if i < len(sizes) else resize) for i, f in enumerate(files)}
    entries["DEFAULT"] = entries[f"IMAGENET1K_V{len(files)}"]
    factory: Any = WeightsEnum  # called, an enumeration without entries makes another
    made = factory(name, entries, module=__package__)
    made.__doc__ = f"Published weights, one entry for each file: {', '.join(files)}."
    return made


REGISTRY: dict[str, Callable[..., Module]] = {}
WEIGHTS: dict[str, Any] = {}


def published(weights_enum: Any = None) -> Callable[[Callable[..., M]], Callable[..., M]]:
    """Gives a builder the arguments `weights=`, `progress=` and the old `pretrained=`, and enters it under its name."""

    def wrap(build: Callable[..., M]) -> Callable[..., M]:
        name = build.__name__

        @functools.wraps(build)
        def built(*old: Any, weights: Any = None, pretrained: Any = None, progress: bool = True, **config: Any) -> M:
            chosen = _chosen(name, weights_enum, weights, old[0] if old else pretrained)
            if len(old) > 1:
                progress = bool(old[1])
            if chosen is None:
                return build(**config)
            if config.setdefault("num_classes", 1000) != 1000:
                raise ValueError(f"The parameter 'num_classes' expected value 1000 but got {config['num_classes']} instead: the weights are for 1000 "
                                 "classes. Load them into a model of 1000 classes, then replace its last layer.")  # fmt: skip
            return with_weights(build, chosen, progress, config)

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


def with_weights(build: Callable[..., M], chosen: Any, progress: bool, config: dict[str, Any]) -> M:
    """A model with published weights. Networks with auxiliary heads were published with them; they are dropped after loading
    unless asked for."""
    if "init_weights" in build.__code__.co_varnames[: build.__code__.co_argcount]:
        config.setdefault("init_weights", False)
    if getattr(build, "published_with_aux", False):
        wanted = config.setdefault("aux_logits", getattr(build, "aux_by_default", False))
        config.update(aux_logits=True, transform_input=config.get("transform_input", True))
        model = build(**config)
        model.load_state_dict(chosen.get_state_dict(progress=progress, check_hash=True))
        if not wanted:
            model.drop_aux()
        return model
    model = build(**config)
    model.load_state_dict(chosen.get_state_dict(progress=progress, check_hash=True))
    return model
