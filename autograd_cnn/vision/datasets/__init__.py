"""Data sets of pictures, under torchvision's names."""

from ...support.listing import listed
from .base import VisionDataset
from .bigger import STL10, SVHN
from .cifar import CIFAR10, CIFAR100
from .digits import Digits, digits
from .fake import FakeData
from .folder import DatasetFolder, ImageFolder
from .idx import mnist_arrays, read_idx
from .mnist import EMNIST, KMNIST, MNIST, FashionMNIST
from .street import StreetScenes

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "EMNIST",
    "KMNIST",
    "MNIST",
    "STL10",
    "SVHN",
    "DatasetFolder",
    "Digits",
    "FakeData",
    "FashionMNIST",
    "ImageFolder",
    "StreetScenes",
    "VisionDataset",
    "digits",
    "mnist_arrays",
    "read_idx",
]


def __dir__() -> list[str]:
    return listed(globals())
