"""state_dict and load_state_dict."""

from __future__ import annotations

import copy
import gc
import pickle
from collections import OrderedDict
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.nn.containers import Sequential
from autograd_cnn.nn.module.module import Module
from autograd_cnn.tensors.tensor import Parameter


class Layer(Module):
    def __init__(self, n: int = 2) -> None:
        super().__init__()
        self.weight = Parameter(ac.ones(n))
        self.register_parameter("bias", None)
        self.register_buffer("steps", ac.tensor(0))
        self.register_buffer("cache", ac.zeros(n), persistent=False)


class Net(Module):
    _version = 2

    def __init__(self) -> None:
        super().__init__()
        self.first = Layer()
        self.second = Layer(3)
        self.gain = Parameter(ac.ones(1))


KEYS = ["gain", "first.weight", "first.steps", "second.weight", "second.steps"]


def values(module: Module) -> dict[str, Any]:
    return {k: v.tolist() for k, v in module.state_dict().items()}


def changed(module: Module) -> dict[str, Any]:
    """A state dict of other values."""
    state = copy.deepcopy(module.state_dict())
    for value in state.values():
        value += 5
    return state


# ------------------------------------------------------------------------------------------------- saving
def test_keys_order_and_metadata() -> None:
    state = Net().state_dict()
    assert list(state) == KEYS
    assert isinstance(state, OrderedDict)
    assert dict(state._metadata) == {"": {"version": 2}, "first": {"version": 1}, "second": {"version": 1}}  # type: ignore[attr-defined]


def test_values_share_memory_and_are_detached() -> None:
    net = Net()
    state = net.state_dict()
    assert not state["gain"].requires_grad
    assert type(state["gain"]) is ac.Tensor
    state["gain"] += 1
    assert net.gain.tolist() == [2.0]
    kept = net.state_dict(keep_vars=True)
    assert kept["gain"] is net.gain
    assert kept["first.steps"] is net.first.steps


def test_prefix_destination_and_positional_arguments() -> None:
    net = Net()
    assert next(iter(net.state_dict(prefix="net."))) == "net.gain"
    into: dict[str, Any] = {"x": 1}
    assert net.state_dict(destination=into) is into
    assert list(into) == ["x", *KEYS]
    assert next(iter(net.state_dict({}, "p."))) == "p.gain"


def test_state_dict_survives_pickling() -> None:
    state = pickle.loads(pickle.dumps(Net().state_dict()))
    assert list(state) == KEYS
    assert state._metadata[""] == {"version": 2}


def test_state_dict_hooks() -> None:
    net = Net()
    log: list[Any] = []
    net.first.register_state_dict_pre_hook(lambda m, prefix, keep: log.append((type(m).__name__, prefix, keep)))
    net.first.register_state_dict_post_hook(lambda m, state, prefix, meta: state.__delitem__(prefix + "steps"))
    net._register_state_dict_hook(lambda m, state, prefix, meta: {"all": dict(state)})
    state = net.state_dict()
    assert log == [("Layer", "first.", False)]
    assert list(state) == ["all"]
    assert list(state["all"]) == ["gain", "first.weight", "second.weight", "second.steps"]
    other = Layer()
    handle = other.register_state_dict_post_hook(lambda m, state, prefix, meta: state)
    with pytest.raises(RuntimeError, match="state_dict post-hook must return None"):
        other.state_dict()
    handle.remove()
    assert list(other.state_dict()) == ["weight", "steps"]


# ------------------------------------------------------------------------------------------------- loading
def test_load_copies_into_the_same_tensors() -> None:
    net = Net()
    before = dict(net.named_parameters())
    result = net.load_state_dict(changed(net))
    assert repr(result) == str(result) == "<All keys matched successfully>"
    assert result == ([], [])
    assert values(net)["second.weight"] == [6.0, 6.0, 6.0]
    assert values(net)["first.steps"] == 5
    assert all(p is before[name] and p.requires_grad and p.is_leaf for name, p in net.named_parameters())


def test_load_converts_to_the_module_s_dtype() -> None:
    net = Layer()
    net.load_state_dict({"weight": ac.tensor([1.5, 2.5], dtype=ac.float64), "steps": ac.tensor(7)})
    assert net.weight.dtype == ac.float32
    assert net.weight.tolist() == [1.5, 2.5]


def test_everything_wrong_comes_in_one_error_and_nothing_is_changed() -> None:
    net = Net()
    state = changed(net)
    state["first.weight"] = ac.ones(7)
    state["second.weight"] = [1, 2, 3]
    del state["second.steps"]
    state["third.weight"] = ac.ones(1)
    state["first.other"] = ac.ones(1)
    before = values(net)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert text.startswith('Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "second.steps". ')
    assert '\n\tUnexpected key(s) in state_dict: "third.weight", "first.other". ' in text
    assert (
        "\n\tsize mismatch for first.weight: copying a param with shape torch.Size([7]) from checkpoint, "
        "the shape in current model is torch.Size([2])." in text
    )
    assert "parameter named \"second.weight\", expected a Tensor from the checkpoint but received <class 'list'>" in text
    assert values(net) == before


def test_not_strict_reports_keys_but_sizes_still_count() -> None:
    net = Net()
    state = changed(net)
    del state["gain"]
    state["zzz"] = ac.ones(1)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["gain"]
    assert result.unexpected_keys == ["zzz"]
    assert repr(result) == "_IncompatibleKeys(missing_keys=['gain'], unexpected_keys=['zzz'])"
    assert values(net)["first.weight"] == [6.0, 6.0]
    with pytest.raises(RuntimeError, match="size mismatch for gain"):
        net.load_state_dict({"gain": ac.ones(2)}, strict=False)


@pytest.mark.parametrize(
    ("save", "load", "hint"),
    [
        (
            lambda n: n,
            lambda n: Sequential(n),
            "prefix '0.' of the model; load {'0.' + k: v for k, v in state_dict.items()}",
        ),
        (
            lambda n: Sequential(n),
            lambda n: n,
            "prefix '0.' of the state_dict; load {k.removeprefix('0.'): v for k, v in state_dict.items()}",
        ),
    ],
    ids=["model", "state_dict"],
)
def test_names_that_differ_by_a_prefix_are_explained(save: Any, load: Any, hint: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        load(Net()).load_state_dict(save(Net()).state_dict())
    assert hint in str(caught.value)


def test_state_must_be_a_mapping() -> None:
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'list'>"):
        Net().load_state_dict([])  # type: ignore[arg-type]  # on purpose


def test_loading_leaves_the_given_dictionary_alone() -> None:
    net = Net()
    state = changed(net)
    net.register_load_state_dict_pre_hook(lambda m, s, *rest: s.clear())
    with pytest.raises(RuntimeError, match="Missing key"):
        net.load_state_dict(state, assign=True)
    assert list(state) == KEYS
    assert "assign_to_params_buffers" not in state._metadata[""]  # type: ignore[attr-defined]


def test_zero_dim_tensor_takes_one_element() -> None:
    net = Layer()
    net.load_state_dict({"weight": ac.ones(2), "steps": ac.tensor([9])})
    assert net.steps.item() == 9


def test_assign_takes_the_tensors_themselves() -> None:
    net = Layer()
    net.weight.requires_grad_(False)
    given = {"weight": ac.tensor([1.0, 2.0], dtype=ac.float64), "steps": ac.tensor(3)}
    net.load_state_dict(given, assign=True)
    assert isinstance(net.weight, Parameter)
    assert net.weight.dtype == ac.float64
    assert not net.weight.requires_grad
    assert net.steps is given["steps"]
    parameter = Parameter(ac.zeros(2))
    net.load_state_dict({"weight": parameter, "steps": ac.tensor(3)}, assign=True)
    assert net.weight is parameter
    assert not parameter.requires_grad


def test_shared_parameters_are_saved_under_each_name() -> None:
    net = Net()
    net.second = net.first
    assert list(net.state_dict()) == KEYS
    net.load_state_dict(changed(net))
    assert values(net)["first.weight"] == [6.0, 6.0]


# ------------------------------------------------------------------------------------------------- hooks and overrides
def test_pre_hook_renames_keys() -> None:
    net = Net()

    def rename(module: Module, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        if prefix + "w" in state:
            state[prefix + "weight"] = state.pop(prefix + "w")

    net.first.register_load_state_dict_pre_hook(rename)
    state = changed(net)
    state["first.w"] = state.pop("first.weight")
    assert net.load_state_dict(state) == ([], [])
    assert values(net)["first.weight"] == [6.0, 6.0]


def test_post_hook_may_excuse_missing_keys() -> None:
    net = Net()
    seen: list[Any] = []

    def excuse(module: Module, keys: Any) -> None:
        seen.append((type(module).__name__, list(keys.missing_keys), module.weight.tolist()))
        keys.missing_keys.clear()

    handle = net.first.register_load_state_dict_post_hook(excuse)
    state = changed(net)
    del state["first.steps"]
    net.load_state_dict(state)
    assert seen == [("Layer", ["first.steps"], [6.0, 6.0])]
    handle.remove()
    net.register_load_state_dict_post_hook(lambda m, keys: 3)
    with pytest.raises(AssertionError, match="not expected to return new values"):
        net.load_state_dict(changed(net))


def test_an_overridden_load_from_state_dict_is_planned_too() -> None:
    class Older(Layer):
        _version = 3

        def _load_from_state_dict(self, state: Any, prefix: str, meta: Any, *rest: Any) -> None:
            if meta.get("version", 1) < 3:
                state[prefix + "steps"] = ac.tensor(100)
            super()._load_from_state_dict(state, prefix, meta, *rest)

    net = Sequential(Older(), Layer(3))
    old = Sequential(Layer(), Layer(3)).state_dict()
    del old["0.steps"]
    net.load_state_dict(old)
    assert net[0].steps.item() == 100
    old["1.weight"] = ac.ones(5)
    old["0.weight"] = ac.zeros(2)
    with pytest.raises(RuntimeError, match=r"size mismatch for 1.weight"):
        net.load_state_dict(old)
    assert net[0].weight.tolist() == [1.0, 1.0]


def test_load_from_state_dict_called_by_itself_writes_at_once() -> None:
    net = Layer()
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    state = {"p.weight": ac.zeros(2), "p.x": 1, "q.weight": 2, "q": 3}  # of another module are the last two
    net._load_from_state_dict(state, "p.", {}, True, missing, unexpected, errors)
    assert net.weight.tolist() == [0.0, 0.0]
    assert (missing, unexpected, errors) == (["p.steps"], ["p.x"], [])


def test_extra_state() -> None:
    class Noted(Layer):
        note: Any = "new"

        def get_extra_state(self) -> Any:
            return {"note": self.note}

        def set_extra_state(self, state: Any) -> None:
            self.note = state["note"]

    net = Sequential(Noted())
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.steps", "0._extra_state"]
    state["0._extra_state"] = {"note": "old"}
    wrong = {**state, "0.weight": ac.ones(9)}
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict(wrong)
    assert net[0].note == "new"
    net.load_state_dict(state)
    assert net[0].note == "old"
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        net.load_state_dict({k: v for k, v in state.items() if "extra" not in k})
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "0._extra_state"'):
        Sequential(Layer()).load_state_dict(state)


def test_a_failing_write_is_reported_with_its_key() -> None:
    class Stubborn(Layer):
        def get_extra_state(self) -> Any:
            return 1

        def set_extra_state(self, state: Any) -> None:
            raise ValueError("never")

    net = Stubborn()
    with pytest.raises(RuntimeError, match=r'parameter named "_extra_state", an exception occurred : \(\'never\',\)'):
        net.load_state_dict(net.state_dict())


def test_bound_hooks_are_copied_with_their_module() -> None:
    net = Layer()
    net.register_load_state_dict_pre_hook(remember)
    twin = copy.deepcopy(net)
    revived = pickle.loads(pickle.dumps(net))
    for module in (net, twin, revived):
        module.load_state_dict(module.state_dict())
        assert module.seen is module
    hook = next(iter(net._load_state_dict_pre_hooks.values()))
    del net, module
    gc.collect()
    with pytest.raises(RuntimeError, match="hook of a dead Module"):
        hook({}, "", {}, True, [], [], [])


def remember(module: Any, *rest: Any) -> None:
    object.__setattr__(module, "seen", module)


def test_hooks_find_the_versions_at_the_state_dict() -> None:
    seen: list[Any] = []
    net = Sequential(ac.nn.BatchNorm1d(2))
    net.register_load_state_dict_pre_hook(lambda module, state, *_: seen.append(getattr(state, "_metadata", None)))
    state = net.state_dict()
    net.load_state_dict(state)
    assert seen == [state._metadata]  # type: ignore[attr-defined]
    assert dict(seen[0]) == {"": {"version": 1}, "0": {"version": 2}}
    net.load_state_dict(dict(state))
    assert seen[1:] == [None]
