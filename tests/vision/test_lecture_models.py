"""Networks that torchvision does not have: what their articles say of them."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.vision import models


def count(net):
    return sum(p.numel() for p in net.parameters())


@pytest.fixture(autouse=True)
def _seed():
    ac.manual_seed(0)


# ------------------------------------------------------------------------------------------------- segmentation
@pytest.mark.usefixtures("nothing_drawn")
def test_fcn_mirrors_vgg16():
    net = models.fcn(num_classes=5)
    down = [(m.in_channels, m.out_channels) for m in net.features if isinstance(m, nn.Conv2d)]
    up = [(m.in_channels, m.out_channels) for m in net.decoder if isinstance(m, nn.ConvTranspose2d) and m.stride == (1, 1)]
    assert up == [(b, a if a != 3 else 5) for a, b in reversed(down)]
    assert sum(isinstance(m, nn.ConvTranspose2d) and m.stride == (2, 2) for m in net.decoder) == 5
    names = set(models.vgg16(init_weights=False, num_classes=1).features.state_dict())
    assert set(net.features.state_dict()) == names


@pytest.mark.parametrize("build", [models.fcn, models.segnet])
def test_segmentation_gives_a_score_for_each_pixel(build):
    net = build(num_classes=4)
    out = net(ac.randn(1, 3, 37, 64))
    assert out.shape == (1, 4, 37, 64)
    nn.functional.cross_entropy(out, ac.randint(0, 4, (1, 37, 64))).backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in net.parameters())


@pytest.mark.usefixtures("nothing_drawn")
def test_segnet_has_the_published_size():
    assert count(models.segnet(num_classes=12)) == 29_449_932  # 29.45 million with CamVid's classes, biases and scales counted
    assert not [m for m in models.SegNet(2).modules() if isinstance(m, nn.ConvTranspose2d)]


def test_segnet_unpools_to_where_the_maximum_was():
    net = models.SegNet(2)
    found = []
    unpool = next(m for m in reversed(list(net.decoder)) if isinstance(m, nn.MaxUnpool2d))
    unpool.register_forward_hook(lambda m, args, out: found.append((args[1].numpy(), out.detach().numpy())))
    net(ac.randn(1, 3, 32, 32))
    at, out = found[0]
    others = out.reshape(1, 64, -1).copy()
    np.put_along_axis(others, at.reshape(1, 64, -1), 0, 2)
    assert not others.any()


# ------------------------------------------------------------------------------------------------- deconvnet
def test_deconvnet_of_linear_layers_is_the_gradient():
    """Without a ReLU the way down is the derivative: value · ∂value/∂picture."""
    chain = nn.Sequential(nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2, dilation=2, bias=False))
    x = ac.randn(2, 2, 17, 20, requires_grad=True)
    y = chain(x)
    values = y[:, 1].flatten(1).max(1)[0]
    values.sum().backward()
    expected = x.grad.numpy() * values.detach().numpy().reshape(2, 1, 1, 1)
    with ac.no_grad():
        np.testing.assert_allclose(models.DeconvNet(chain)(x, unit=1).numpy(), expected, atol=1e-6)


def test_deconvnet_rectifies_what_comes_down():
    """A ReLU on the way down looks at what comes down; the gradient looks at what went up."""
    conv = nn.Conv2d(1, 1, 1, bias=False)
    conv.weight.data.fill_(-1.0)
    chain = nn.Sequential(nn.ReLU(), conv)  # y = −relu(x): every pixel's gradient is −1, every answer negative
    out = models.DeconvNet(chain)(ac.tensor([[[[2.0, 1.0]]]]))
    assert out.tolist() == [[[[2.0, 1.0]]]]
    out = models.DeconvNet(chain)(ac.tensor([[[[2.0, 1.0]]]]), layer=0)
    assert out.tolist() == [[[[2.0, 1.0]]]]


@pytest.mark.usefixtures("nothing_drawn")
@pytest.mark.parametrize("name", ["alexnet", "vgg11", "vgg11_bn", "zfnet", "alexnet2012"])
def test_deconvnet_of_known_networks(name):
    net = models.DeconvNet(models.get_model(name, num_classes=2))
    for layer in (0, 4, -1):
        out = net(ac.randn(1, 3, 100, 96), layer=layer, unit=0)
        assert out.shape == (1, 3, 100, 96)


def test_deconvnet_refuses():
    with pytest.raises(TypeError, match="poolings in a row, got Linear"):
        models.DeconvNet(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Linear(3, 3)))
    with pytest.raises(IndexError, match="unit 7 of a layer with 1 maps"):
        models.DeconvNet(nn.Sequential(nn.Conv2d(1, 1, 1)))(ac.ones(1, 1, 2, 2), unit=7)


# ------------------------------------------------------------------------------------------------- time and words
def causal_reach(net, x, out_of):
    """How many values back the last output looks; asserts that nothing looks ahead."""
    x = x.requires_grad_()
    middle = out_of(net(x))
    middle.backward()
    touched = np.flatnonzero(x.grad.numpy().any((0, 1)))
    return touched.min(), touched.max()


def test_tcn_sees_the_past_only():
    net = models.TemporalConvNet(1, [4, 4, 4], kernel_size=3, dropout=0.0)
    for p in net.parameters():
        p.data.abs_()  # no ReLU stops anything
    first, last = causal_reach(net, ac.rand(1, 1, 60), lambda y: y[0, :, 40].sum())
    assert last == 40
    assert 40 - first == 2 * (3 - 1) * (2**3 - 1)


def test_wavenet_sees_the_past_only():
    net = models.wavenet(classes=8, channels=4, skip_channels=6, layers=3, stacks=2)
    samples = ac.randint(0, 8, (1, 40))
    seen = []
    net.causal.register_forward_pre_hook(lambda m, args: seen.append(args[0].requires_grad_()))
    out = net(samples)
    assert out.shape == (1, 8, 40)
    out[0, :, 30].sum().backward()
    touched = np.flatnonzero(seen[0].grad.numpy().any((0, 1))) - 1  # one zero was put before the samples
    assert touched.max() == 30
    assert 30 - touched.min() + 1 == 2 + 2 * (2 - 1) * (2**3 - 1)


def test_text_cnn():
    net = models.text_cnn(vocab_size=50, num_classes=3).eval()
    assert count(net) == 50 * 300 + 300 * 100 * (3 + 4 + 5) + 300 + 300 * 3 + 3
    words = ac.randint(0, 50, (2, 9))
    longer = ac.cat([words, words], 1)  # every window of the sentence is a window of its doubling: no answer falls
    maps = [conv(net.embedding(w).transpose(1, 2)).amax(2) for w in (words, longer) for conv in net.convs]
    assert all(bool((b >= a - 1e-6).all()) for a, b in zip(maps[:3], maps[3:], strict=True))
    assert net(words).shape == (2, 3)


# ------------------------------------------------------------------------------------------------- pictures from pictures
def test_autoencoder_learns_to_copy():
    net = models.autoencoder(widths=(8, 4))
    x = (ac.rand(8, 1, 16, 16) > 0.5).float()
    x = x[:, :, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3)
    optimizer = ac.optim.Adam(net.parameters(), 0.02)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), x)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 4
    with pytest.raises(ValueError, match="multiples of 4"):
        net(ac.ones(1, 1, 30, 30))


def test_dcgan():
    fake = models.dcgan_generator(nz=8, ngf=4, nc=1)(ac.randn(2, 8, 1, 1))
    assert fake.shape == (2, 1, 64, 64)
    judged = models.dcgan_discriminator(nc=1, ndf=4)(fake)
    assert judged.shape == (2, 1, 1, 1)
    judged.mean().backward()


def test_style_transfer():
    net = models.style_transfer()
    assert net(ac.rand(1, 3, 24, 32)).shape == (1, 3, 24, 32)
    assert list(net.state_dict())[:4] == ["conv1.conv2d.weight", "conv1.conv2d.bias", "in1.weight", "in1.bias"]


# ------------------------------------------------------------------------------------------------- AlexNet, ResNet
@pytest.mark.usefixtures("nothing_drawn")
def test_alexnet_of_2012_has_the_published_maps():
    net = models.alexnet2012(num_classes=1)
    sizes = []
    for layer in net.features:
        layer.register_forward_hook(lambda m, args, out: sizes.append(out.shape[-1]))
    net(ac.zeros(1, 3, 227, 227))
    assert list(dict.fromkeys(sizes)) == [55, 27, 13, 6]
    assert [float(m.bias[0]) for m in net.modules() if hasattr(m, "bias")] == [0, 1, 0, 1, 1, 1, 1, 0]
    x = np.full((1, 5, 1, 1), 3.0, np.float32)
    norm = next(m for m in net.features if isinstance(m, nn.LocalResponseNorm))
    assert float(norm(ac.from_numpy(x))[0, 2, 0, 0]) == pytest.approx(3.0 / (2 + 1e-4 * 5 * 9) ** 0.75, rel=1e-5)


def test_plain_nets_are_residual_nets_without_shortcuts():
    x = ac.randn(2, 3, 16, 16)
    nets = []
    for residual in (True, False):
        ac.manual_seed(3)
        nets.append(models.cifar_resnet20(residual=residual).eval())
    shortcut, plain = nets
    assert {k: v.shape for k, v in shortcut.state_dict().items()} == {k: v.shape for k, v in plain.state_dict().items()}
    assert all(bool((a == b).all()) for a, b in zip(shortcut.state_dict().values(), plain.state_dict().values(), strict=True))
    block = plain.layer2[0]
    y = ac.rand(1, 16, 8, 8)
    inside = block.bn2(block.conv2(nn.functional.relu(block.bn1(block.conv1(y)))))
    assert ac.equal(block(y), nn.functional.relu(inside))
    assert not ac.equal(shortcut(x), plain(x))


def test_nets_without_batch_normalisation_have_biases():
    net = models.cifar_resnet20(residual=False, batch_norm=False)
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert not [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(m.bias is not None and not m.bias.any() for m in convs)
    assert count(net) == 269_722 - sum(m.out_channels for m in convs)  # a bias for a scale and a shift
    assert net(ac.zeros(1, 3, 8, 8)).tolist() == [net.linear.bias.tolist()]


@pytest.mark.slow
def test_resnet_of_1202_layers():
    net = models.cifar_resnet1202()
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in net.modules()) == 1202
    loss = nn.functional.cross_entropy(net(ac.randn(2, 3, 32, 32)), ac.tensor([1, 2]))
    loss.backward()
    assert all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in net.parameters())
    assert net.conv1.weight.grad.abs().max() > 0
