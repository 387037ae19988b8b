"""Networks beside torchvision's: names and shapes of the state in their order, initial values for a seed, outputs, gradients."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.vision import models as ours

from .twin import apart, as_ours, torchvision

torch = pytest.importorskip("torch")
theirs = torchvision("models")

# The size of picture that each is tried on: small, but no map becomes one pixel, where the statistics of two numbers would magnify rounding.
SIZES = dict.fromkeys(
    [
        "densenet121",
        "densenet161",
        "densenet169",
        "densenet201",
        "googlenet",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "mobilenet_v3_small",
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "resnext50_32x4d",
        "resnext101_32x8d",
        "resnext101_64x4d",
        "wide_resnet50_2",
        "wide_resnet101_2",
        "shufflenet_v2_x0_5",
        "shufflenet_v2_x1_0",
        "shufflenet_v2_x1_5",
        "shufflenet_v2_x2_0",
        "squeezenet1_0",
        "squeezenet1_1",
        "vgg11",
        "vgg11_bn",
        "vgg13",
        "vgg13_bn",
        "vgg16",
        "vgg16_bn",
        "vgg19",
        "vgg19_bn",
    ],
    64,
) | {"alexnet": 63, "inception_v3": 139}
# Those whose numbers are compared; of the others, which differ in depth and width only, names and shapes are.
QUICK = ["mobilenet_v2", "mobilenet_v3_small", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1"]
HEAVY = [
    "alexnet",
    "densenet121",
    "googlenet",
    "inception_v3",
    "mobilenet_v3_large",
    "resnet50",
    "resnext50_32x4d",
    "shufflenet_v2_x1_5",
    "vgg11_bn",
    "wide_resnet50_2",
]
NAMES = QUICK + [pytest.param(n, marks=pytest.mark.slow) for n in HEAVY]
LIGHT_ENOUGH = QUICK + [pytest.param(n, marks=pytest.mark.slow) for n in HEAVY if n not in ("alexnet", "vgg11_bn", "wide_resnet50_2")]
WITH_HEADS = {"googlenet", "inception_v3"}


def built(name, **config):
    """The network on both sides, from one seed."""
    if name in WITH_HEADS:
        config["init_weights"] = True  # torchvision warns that its default may change
    ac.manual_seed(3)
    torch.manual_seed(3)
    return getattr(ours, name)(**config), getattr(theirs, name)(**config)


def flat(y):
    return list(y) if isinstance(y, tuple) else [y]


@pytest.mark.usefixtures("nothing_drawn")
@pytest.mark.parametrize("name", SIZES)
def test_names_and_shapes(name):
    config = {"init_weights": False} if name in WITH_HEADS else {}
    mine = getattr(ours, name)(**config)
    with torch.device("meta"):
        other = getattr(theirs, name)(**config)
    described = [[(k, tuple(v.shape)) for k, v in net.state_dict().items()] for net in (mine, other)]
    assert described[0] == described[1]
    assert [n for n, _ in mine.named_modules()] == [n for n, _ in other.named_modules()]
    assert [n for n, p in mine.named_parameters()] == [n for n, p in other.named_parameters()]


@pytest.mark.parametrize("name", NAMES)
def test_initial_values(name):
    mine, other = built(name)
    a, b = mine.state_dict(), other.state_dict()
    for key, value in b.items():
        assert apart(a[key], value) < 2e-6, key
    assert int(ac.randint(0, 2**31, (1,))) == int(torch.randint(0, 2**31, (1,)))  # as many numbers were drawn


@pytest.mark.parametrize("name", LIGHT_ENOUGH)
def test_outputs_and_gradients(name):
    """In float64, where only a mistake makes a difference, while training: batch statistics, dropout, GoogLeNet's auxiliary heads."""
    aux = {"aux_logits": False} if name == "inception_v3" else {}  # its head needs pictures of 299 pixels: see below
    mine, other = built(name, num_classes=7, **aux)
    mine.load_state_dict(as_ours(other.state_dict()))
    mine.double()
    other.double()
    x = np.random.RandomState(0).randn(2, 3, SIZES[name], SIZES[name])
    ac.manual_seed(4)
    torch.manual_seed(4)
    a, b = wrap(x.copy(), requires_grad=True), torch.from_numpy(x.copy()).requires_grad_()
    out, reference = mine(a), other(b)
    assert type(out).__name__ == type(reference).__name__
    for y, z in zip(flat(out), flat(reference), strict=True):
        assert apart(y, z) < 1e-9
    sum((y * y).mean() for y in flat(out)).backward()
    sum((z * z).mean() for z in flat(reference)).backward()
    assert apart(a.grad, b.grad) < 1e-7
    gradients = dict(other.named_parameters())
    greatest = max(float(p.grad.abs().max()) for p in gradients.values())
    for key, p in mine.named_parameters():
        g = gradients[key].grad.numpy()
        # a bias before batch normalisation has a gradient of zero, but for rounding
        assert np.abs(p.grad.numpy() - g).max() <= 1e-6 * np.abs(g).max() + 1e-9 * greatest, key
    for key, value in other.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.numpy(), rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_single_precision(name):
    """Outputs agree to 1e-4; gradients are as near to those of double precision as torch's own. (Where a value is so near to a ReLU's
    kink that rounding decides, a gradient jumps by up to a thousandth: in torch from kernel to kernel, too.)"""
    mine, other = built(name, num_classes=7)
    mine.load_state_dict(as_ours(other.state_dict()))
    mine.eval()
    other.eval()
    x = np.random.RandomState(0).randn(2, 3, SIZES[name], SIZES[name]).astype(np.float32)
    out, gradient = run(mine, wrap(x.copy(), requires_grad=True))
    reference, theirs32 = run(other, torch.from_numpy(x.copy()).requires_grad_())
    assert apart(out, reference) < 1e-4
    _, exact = run(other.double(), torch.from_numpy(x.astype(np.float64)).requires_grad_())
    ours_off, theirs_off = distance(gradient, exact), distance(theirs32, exact)
    assert theirs_off < 0.1  # it is the same gradient
    assert ours_off <= max(2e-3, 3 * theirs_off), f"{ours_off:.1e} from the exact gradient, torch {theirs_off:.1e}"


def run(net, x):
    """(output, all gradients in one vector); heads take no part in evaluation."""
    net.zero_grad()
    y = net(x)
    (y * y).sum().backward()
    return y, np.concatenate([np.asarray(p.grad).ravel() for p in (x, *net.parameters()) if p.grad is not None])


def distance(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


@pytest.mark.slow
def test_inception_with_its_head():
    mine, other = built("inception_v3", num_classes=3)
    mine.load_state_dict(as_ours(other.state_dict()))
    x = np.random.RandomState(0).randn(2, 3, 299, 299)
    ac.manual_seed(4)
    torch.manual_seed(4)
    out, reference = mine.double()(wrap(x)), other.double()(torch.from_numpy(x))  # the head's statistics are of two numbers
    assert (type(out).__name__, out._fields) == (type(reference).__name__, reference._fields)
    for y, z in zip(out, reference, strict=True):
        assert apart(y, z) < 1e-6


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("mobilenet_v3_small", {"width_mult": 0.5, "reduced_tail": True}),
        ("mobilenet_v3_large", {"dilated": True}),
        ("mobilenet_v2", {"width_mult": 0.35, "norm_layer": ac.nn.BatchNorm2d}),
        ("resnet50", {"replace_stride_with_dilation": (False, True, True)}),
        ("resnet18", {"zero_init_residual": True}),
        ("densenet121", {"drop_rate": 0.1}),
        ("googlenet", {"aux_logits": False, "transform_input": True}),
        pytest.param("inception_v3", {"aux_logits": False, "transform_input": True}, marks=pytest.mark.slow),
        ("squeezenet1_1", {"dropout": 0.1}),
    ],
)
def test_arguments(name, config):
    config = {"init_weights": True, **config} if name in WITH_HEADS else config
    ac.manual_seed(3)
    torch.manual_seed(3)
    mine, other = getattr(ours, name)(**config), getattr(theirs, name)(**{k: v for k, v in config.items() if k != "norm_layer"})
    assert [(k, tuple(v.shape)) for k, v in mine.state_dict().items()] == [(k, tuple(v.shape)) for k, v in other.state_dict().items()]
    mine.load_state_dict(as_ours(other.state_dict()))
    x = np.random.RandomState(1).randn(1, 3, 80, 80).astype(np.float32)
    with ac.no_grad(), torch.no_grad():
        assert apart(mine.eval()(wrap(x)), other.eval()(torch.from_numpy(x))) < 1e-4


@pytest.mark.parametrize("name", SIZES)
def test_published_weights_are_described_alike(name):
    mine, other = ours.get_model_weights(name), theirs.get_model_weights(name)
    assert mine.__name__ == other.__name__
    assert list(mine.__members__) == list(other.__members__)
    for a, b in zip(mine, other, strict=True):
        assert (repr(a), a.url, a.meta["min_size"]) == (repr(b), b.url, b.meta["min_size"])
        assert repr(a.transforms()) == repr(b.transforms())
