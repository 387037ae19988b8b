"""Networks: published sizes, names of layers, weights from the cache."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import hub
from autograd_cnn.vision import models

PUBLISHED = {
    "alexnet": 61_100_840,
    "alexnet2012": 60_965_224,
    "vgg11": 132_863_336,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "wide_resnet50_2": 68_883_240,
    "densenet121": 7_978_856,
    "densenet169": 14_149_480,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "mobilenet_v2": 3_504_872,
    "cifar_resnet20": 269_722,
    "cifar_resnet110": 1_727_962,
    "lenet5": 61_706,
    "googlenet": 6_624_904 + 6_379_984,
    "inception_v3": 27_161_264,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "shufflenet_v2_x0_5": 1_366_792,
    "shufflenet_v2_x1_0": 2_278_604,
    "shufflenet_v2_x1_5": 3_503_624,
    "shufflenet_v2_x2_0": 7_393_996,
    "wide_resnet101_2": 126_886_696,
    "zfnet": 62_357_608,
    "dcgan_generator": 3_576_704,
    "dcgan_discriminator": 2_765_568,
    "style_transfer": 1_679_235,
    "cifar_resnet32": 464_154,
    "cifar_resnet44": 658_586,
    "cifar_resnet56": 853_018,
    "cifar_resnet1202": 19_421_274,
}


@pytest.mark.usefixtures("nothing_drawn")
@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_the_published(name):
    assert sum(p.numel() for p in models.get_model(name).parameters()) == PUBLISHED[name]


@pytest.mark.parametrize(
    "name", ["resnet18", "squeezenet1_1", "mobilenet_v2", pytest.param("densenet121", marks=pytest.mark.slow), "cifar_resnet20"]
)
def test_forward_and_backward(name):
    ac.manual_seed(0)
    net = models.get_model(name, num_classes=3).train()
    net(ac.randn(2, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in net.parameters())


def test_weights_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    ac.manual_seed(1)
    net = models.squeezenet1_1()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    ac.save(net.state_dict(), folder / "squeezenet1_1-b8a52dc0.pth")
    for again in (
        models.squeezenet1_1(pretrained=True),
        models.squeezenet1_1(True),
        models.squeezenet1_1(weights="DEFAULT"),
        models.squeezenet1_1(weights=models.SqueezeNet1_1_Weights.IMAGENET1K_V1),
    ):
        np.testing.assert_array_equal(again.features[0].weight.detach().numpy(), net.features[0].weight.detach().numpy())
    with pytest.raises(ValueError, match="1000"):
        models.squeezenet1_1(weights="DEFAULT", num_classes=3)


@pytest.mark.parametrize(("asked", "kept"), [({}, False), ({"aux_logits": True}, True), ({"transform_input": False}, False)])
def test_published_googlenet_loses_its_heads(tmp_path, monkeypatch, asked, kept):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    ac.save(models.GoogLeNet(init_weights=False).state_dict(), folder / "googlenet-1378be20.pth")
    net = models.googlenet(weights="DEFAULT", **asked)
    assert (net.aux1 is not None, net.aux_logits, net.transform_input) == (kept, kept, asked.get("transform_input", True))
    out = net(ac.randn(2, 3, 64, 64))
    assert isinstance(out, models.GoogLeNetOutputs if kept else ac.Tensor)


def test_weights_that_cannot_be_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "_chosen", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"net-1234\.pth: expected these weights at .*put the file there"):
        hub.load_state_dict_from_url("http://127.0.0.1:9/net-1234.pth", progress=False)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: models.get_model("resnet19"), "Did you mean"),
        (lambda: models.resnet18(weights="BEST"), "IMAGENET1K_V1"),
        (lambda: models.cifar_resnet20(pretrained=True), "No checkpoint"),
        (lambda: models.CifarResNet(21), "6n"),
        (lambda: models.get_weight("ResNet18_Weights.V9"), "IMAGENET1K_V1"),
    ],
)
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_densenet_reads_older_names():
    net = models.DenseNet(4, (2,), 8, num_classes=2)
    old = {k.replace("norm1", "norm.1").replace("conv2", "conv.2"): v for k, v in net.state_dict().items()}
    assert str(net.load_state_dict(old)) == "<All keys matched successfully>"


def test_inner_layers():
    net = models.resnet18(num_classes=2).eval()
    x = ac.randn(1, 3, 64, 64)
    inner = models.IntermediateLayerGetter(net, {"layer1": "low", "layer3": "high"})
    found = inner(x)
    assert [(k, v.shape) for k, v in found.items()] == [("low", (1, 64, 16, 16)), ("high", (1, 256, 4, 4))]
    assert "layer4" not in dict(inner.named_children())
    extractor = models.create_feature_extractor(net, {"layer3": "high", "layer4.1.conv2": "last", "fc": "scores"})
    other = extractor(x)
    np.testing.assert_array_equal(other["high"].detach().numpy(), found["high"].detach().numpy())
    np.testing.assert_array_equal(other["scores"].detach().numpy(), net(x).detach().numpy())
    assert list(extractor.state_dict()) == list(net.state_dict())
    extractor.train()
    assert net.layer1.training
    with pytest.raises(ValueError, match=r"'layer9' is not present.*Did you mean 'layer"):
        models.create_feature_extractor(net, ["layer9"])
    with pytest.raises(ValueError, match="not present in model: layer9"):
        models.IntermediateLayerGetter(net, {"layer9": "x"})
