"""What inner layers give: networks that return the outputs of the layers they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import nearest
from ...nn import Module, ModuleDict

__all__ = ["IntermediateLayerGetter", "create_feature_extractor", "get_graph_node_names"]


class IntermediateLayerGetter(ModuleDict):
    """A network's children one after the other, up to the last that is asked for; returns what those gave.

    The children must be registered in the order in which they are used, each once.

    Args:
        return_layers: names of children, and under which name each one's output is returned.

    Raises:
        ValueError: a name that is no child's.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.ReLU(), ac.nn.Flatten(), ac.nn.Tanh())
    >>> list(IntermediateLayerGetter(net, {"0": "rectified", "1": "flat"})(ac.ones(1, 2, 2)))
    ['rectified', 'flat']
    """

    def __init__(self, model: Module, return_layers: Mapping[str, str]) -> None:
        children = dict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError(f"return_layers are not present in model: {', '.join(sorted(set(return_layers) - set(children)))}")
        last = max(list(children).index(name) for name in return_layers) if return_layers else -1
        super().__init__(dict(list(children.items())[: last + 1]))
        self.return_layers = dict(return_layers)

    def forward(self, x: Any) -> OrderedDict[str, Any]:
        out: OrderedDict[str, Any] = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


class FeatureExtractor(Module):
    """A model that returns inner layers' outputs instead of its own. Its layers are the model's, under the same names."""

    def __init__(self, model: Module, return_nodes: Mapping[str, str]) -> None:
        super().__init__()
        self.__dict__["model"] = model  # kept beside the children, so that their names stay
        for name, child in model.named_children():
            self.add_module(name, child)
        self.return_nodes = dict(return_nodes)
        self.train(model.training)

    def forward(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        model: Module = self.__dict__["model"]
        model.training = self.training  # its children were told as ours
        found: dict[str, Any] = {}
        modules = dict(model.named_modules())
        hooks = [modules[node].register_forward_hook(_keep(found, name)) for node, name in self.return_nodes.items()]
        try:
            model(*args, **kwargs)
        finally:
            for hook in hooks:
                hook.remove()
        missing = [name for name in self.return_nodes.values() if name not in found]
        if missing:
            raise RuntimeError(
                f"create_feature_extractor: {', '.join(missing)} took no part in this forward pass, expected an output of each."
            )
        return {name: found[name] for name in self.return_nodes.values()}


def _keep(found: dict[str, Any], name: str) -> Any:
    def hook(module: Module, args: Any, output: Any) -> None:
        found[name] = output

    return hook


def create_feature_extractor(
    model: Module,
    return_nodes: Sequence[str] | Mapping[str, str] | None = None,
    train_return_nodes: Any = None,
    eval_return_nodes: Any = None,
) -> Module:
    """A module that returns {name: output} of the model's inner layers. Nodes are modules, by their paths ("layer4.1.conv2").

    Args:
        return_nodes: the paths, or path → name under which it is returned. train_return_nodes, eval_return_nodes: in its place, must agree.

    Raises:
        ValueError: a path that the model does not have, or no nodes.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Linear(2, 3), ac.nn.ReLU(), ac.nn.Linear(3, 1))
    >>> create_feature_extractor(net, {"1": "hidden"})(ac.ones(1, 2))["hidden"].shape
    torch.Size([1, 3])
    """
    nodes = return_nodes if return_nodes is not None else eval_return_nodes
    if return_nodes is None and train_return_nodes != eval_return_nodes:
        raise ValueError("create_feature_extractor: expected the same nodes for training and evaluation: make one extractor for each.")
    if not nodes:
        raise ValueError("create_feature_extractor: expected return_nodes, the paths of the layers whose outputs are wanted.")
    wanted = dict(nodes) if isinstance(nodes, Mapping) else {n: n for n in nodes}
    known = [name for name, _ in model.named_modules() if name]
    for node in wanted:
        if node not in known:
            raise ValueError(f"node: {node!r} is not present in model: expected the path of one of its modules.{nearest(node, known)}")
    return FeatureExtractor(model, wanted)


def get_graph_node_names(model: Module) -> tuple[list[str], list[str]]:
    """The paths that `create_feature_extractor` takes, for training and for evaluation (the same).

    >>> from autograd_cnn import nn
    >>> get_graph_node_names(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())))[0]
    ['0', '1', '1.0']
    """
    names = [name for name, _ in model.named_modules() if name]
    return names, list(names)
