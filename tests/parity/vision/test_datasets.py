"""Data sets beside torchvision's: the same files give the same items, labels, classes and words."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from autograd_cnn.vision import datasets as D
from tests.vision.test_datasets import write_cifar, write_mnist, write_stl10

from .twin import torchvision

torch = pytest.importorskip("torch")
TD = torchvision("datasets")
Image = pytest.importorskip("PIL.Image")


def same(mine, other):
    assert len(mine) == len(other)
    assert repr(mine) == repr(other)
    assert getattr(mine, "classes", None) == getattr(other, "classes", None)
    assert getattr(mine, "class_to_idx", None) == getattr(other, "class_to_idx", None)
    for i in range(len(other)):
        (a, x), (b, y) = mine[i], other[i]
        assert (a.mode, a.size, x, type(x)) == (b.mode, b.size, y, type(y))
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
@pytest.mark.parametrize("train", [True, False])
def test_mnist(tmp_path, name, train):
    write_mnist(tmp_path / name / "raw")
    mine, other = getattr(D, name)(str(tmp_path), train=train), getattr(TD, name)(str(tmp_path), train=train)
    same(mine, other)
    np.testing.assert_array_equal(mine.data.numpy(), other.data.numpy())
    np.testing.assert_array_equal(mine.targets.numpy(), other.targets.numpy())
    assert (mine.mirrors, mine.resources) == (other.mirrors, other.resources)


@pytest.mark.parametrize("split", D.EMNIST.splits)
def test_emnist(tmp_path, split):
    raw = tmp_path / "EMNIST" / "raw"
    write_mnist(raw)
    for path in list(raw.iterdir()):
        path.rename(raw / f"emnist-{split}-{path.name.replace('t10k', 'test')}")
    same(D.EMNIST(str(tmp_path), split), TD.EMNIST(str(tmp_path), split))


@pytest.mark.parametrize("name", ["CIFAR10", "CIFAR100"])
def test_cifar(tmp_path, monkeypatch, name):
    ours, theirs = getattr(D, name), getattr(TD, name)
    for attribute in ("train_list", "test_list", "url", "filename", "tgz_md5", "base_folder"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert ours.meta == theirs.meta
    write_cifar(tmp_path, monkeypatch, ours)
    for attribute in ("train_list", "test_list", "meta"):
        monkeypatch.setattr(theirs, attribute, getattr(ours, attribute))
    for train in (True, False):
        same(ours(str(tmp_path), train=train), theirs(str(tmp_path), train=train))


@pytest.mark.parametrize("split", D.STL10.splits)
@pytest.mark.parametrize("folds", [None, 3])
def test_stl10(tmp_path, monkeypatch, split, folds):
    folder = write_stl10(tmp_path)

    def sums(entries):
        return [[name, hashlib.md5((folder / name).read_bytes()).hexdigest()] for name, _ in entries]

    monkeypatch.setattr(TD.STL10, "train_list", sums(TD.STL10.train_list))
    monkeypatch.setattr(TD.STL10, "test_list", sums(TD.STL10.test_list))
    same(D.STL10(str(tmp_path), split, folds), TD.STL10(str(tmp_path), split, folds))


def test_svhn(tmp_path, monkeypatch):
    matlab = pytest.importorskip("scipy.io")
    x = np.random.RandomState(3).randint(0, 256, (32, 32, 3, 4)).astype(np.uint8)
    matlab.savemat(tmp_path / "test_32x32.mat", {"X": x, "y": np.array([[1], [10], [3], [9]], np.uint8)})
    assert D.SVHN.split_list == TD.SVHN.split_list
    md5 = hashlib.md5((tmp_path / "test_32x32.mat").read_bytes()).hexdigest()
    for kind in (D.SVHN, TD.SVHN):
        monkeypatch.setattr(kind, "split_list", {**kind.split_list, "test": ["http://none/", "test_32x32.mat", md5]})
    same(D.SVHN(str(tmp_path), "test"), TD.SVHN(str(tmp_path), "test"))


def test_image_folder(tmp_path):
    for name, grey in (("cat", 10), ("ant", 200)):
        (tmp_path / name / "more").mkdir(parents=True)
        Image.new("L", (3, 2), grey).save(tmp_path / name / "b.png")
        Image.new("RGBA", (4, 2), (grey, 0, 9, 100)).save(tmp_path / name / "a.PNG")
        Image.new("P", (4, 2), 3).save(tmp_path / name / "more" / "c.bmp")
        (tmp_path / name / "notes.txt").write_text("no picture")
    mine, other = D.ImageFolder(str(tmp_path)), TD.ImageFolder(str(tmp_path))
    same(mine, other)
    assert mine.samples == other.samples == mine.imgs
    assert mine.targets == other.targets


@pytest.mark.parametrize("shape", [(3, 5, 6), (1, 4, 4)])
def test_fake_data(shape):
    same(D.FakeData(4, shape, 7, random_offset=2), TD.FakeData(4, shape, 7, random_offset=2))


def test_transforms_are_shown_alike(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw")
    from autograd_cnn.vision import transforms as T

    steps = torchvision("transforms")
    mine = D.MNIST(str(tmp_path), transform=T.Compose([T.ToTensor(), T.Normalize((0.5,), (0.5,))]), target_transform=abs)
    other = TD.MNIST(str(tmp_path), transform=steps.Compose([steps.ToTensor(), steps.Normalize((0.5,), (0.5,))]), target_transform=abs)
    assert repr(mine) == repr(other)
    np.testing.assert_allclose(mine[0][0].numpy(), torch.as_tensor(other[0][0]).numpy(), rtol=1e-6)
