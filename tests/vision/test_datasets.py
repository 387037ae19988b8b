"""Data sets: files in torchvision's layouts, and what is said when they are missing or damaged."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import pickle
import struct
import sys
import tarfile
import threading
import time
import zipfile

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.vision import datasets as D
from autograd_cnn.vision.datasets import utils
from autograd_cnn.vision.datasets.download import fetch, unpack
from autograd_cnn.vision.datasets.idx import read_idx
from autograd_cnn.vision.datasets.pickled import read_pickled

Image = pytest.importorskip("PIL.Image")


def write_mnist(raw, n=5, zipped=False):
    raw.mkdir(parents=True)
    rng = np.random.RandomState(0)
    for part in ("train", "t10k"):
        x, y = rng.randint(0, 256, (n, 28, 28)).astype(np.uint8), (np.arange(n) % 10).astype(np.uint8)
        for name, head, body in (
            (f"{part}-images-idx3-ubyte", struct.pack(">4i", 2051, n, 28, 28), x),
            (f"{part}-labels-idx1-ubyte", struct.pack(">2i", 2049, n), y),
        ):
            data = head + body.tobytes()
            (raw / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist(tmp_path, zipped):
    write_mnist(tmp_path / "MNIST" / "raw", zipped=zipped)
    data = D.MNIST(str(tmp_path), train=False, download=True, target_transform=lambda y: y + 100)
    img, label = data[3]
    assert (img.size, img.mode, label, len(data)) == ((28, 28), "L", 103, 5)
    np.testing.assert_array_equal(np.asarray(img), data.data[3].numpy())
    assert "Split: Test" in repr(data)


def test_mnist_is_missing(tmp_path):
    with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte.*FashionMNIST/raw"):
        D.FashionMNIST(tmp_path)


def write_cifar(root, monkeypatch, cls=D.CIFAR10):
    folder = root / cls.base_folder
    folder.mkdir()
    rng = np.random.RandomState(1)

    def put(name, content):
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]

    key = "labels" if cls is D.CIFAR10 else "fine_labels"

    def batch():
        return {"data": rng.randint(0, 256, (4, 3072)).astype(np.uint8), key: [0, 1, 2, 3], "filenames": ["a"] * 4}

    monkeypatch.setattr(cls, "train_list", [put(e[0], batch()) for e in cls.train_list])
    monkeypatch.setattr(cls, "test_list", [put(e[0], batch()) for e in cls.test_list])
    meta = put(cls.meta["filename"], {cls.meta["key"]: [f"class{i}" for i in range(10)]})
    monkeypatch.setattr(cls, "meta", {**cls.meta, "md5": meta[1]})
    return folder


@pytest.mark.parametrize("cls", [D.CIFAR10, D.CIFAR100])
def test_cifar(tmp_path, monkeypatch, cls):
    folder = write_cifar(tmp_path, monkeypatch, cls)
    data = cls(tmp_path)
    assert len(data) == 4 * len(cls.train_list)
    img, label = data[1]
    assert (img.size, label, data.classes[1]) == ((32, 32), 1, "class1")
    raw = pickle.loads((folder / cls.train_list[0][0]).read_bytes())["data"][1].reshape(3, 32, 32)
    np.testing.assert_array_equal(np.asarray(img).transpose(2, 0, 1), raw)
    (folder / cls.test_list[0][0]).write_bytes(b"other")
    with pytest.raises(RuntimeError, match=f"not the published files: {cls.test_list[0][0]}"):
        cls(tmp_path)


def test_pickles_run_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run!",)

    (tmp_path / "evil").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match=r"the file names builtins.print"):
        read_pickled(tmp_path / "evil")


def test_image_folder(tmp_path):
    for name, grey in (("cat", 10), ("ant", 200)):
        (tmp_path / name).mkdir()
        Image.new("L", (3, 2), grey).save(tmp_path / name / "1.png")
        (tmp_path / name / "notes.txt").write_text("no picture")
    data = D.ImageFolder(tmp_path, transform=np.asarray)
    assert data.classes == ["ant", "cat"]
    assert data.class_to_idx == {"ant": 0, "cat": 1}
    assert [(int(x[0, 0, 0]), y) for x, y in (data[i] for i in range(len(data)))] == [(200, 0), (10, 1)]
    (tmp_path / "dog").mkdir()
    with pytest.raises(FileNotFoundError, match="Found no valid file for the classes dog"):
        D.ImageFolder(tmp_path)
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        D.ImageFolder(tmp_path / "dog")


def test_fake_data():
    data = D.FakeData(3, (3, 4, 5), 7)
    np.testing.assert_array_equal(np.asarray(data[1][0]), np.asarray(data[1][0]))
    assert data[0][0].size == (5, 4)
    with pytest.raises(IndexError, match="below 3"):
        data[3]


# ------------------------------------------------------------------------------------------------- fetching
CONTENT = bytes(range(256)) * 500
MD5 = hashlib.md5(CONTENT).hexdigest()


class _Answers(http.server.BaseHTTPRequestHandler):
    """Gives `server.files[path]` in the way that the first part of the path says."""

    def do_GET(self):
        kind, _, name = self.path.strip("/").partition("/")
        begin = self.headers.get("Range")
        self.server.asked.append((kind, begin))
        content = self.server.files.get(name, CONTENT)
        if kind == "none":
            self.send_error(404)
            return
        start = int(begin[6:-1]) if begin and kind not in ("wrong", "whole") else 0
        if start > len(content):
            self.send_error(416)
            return
        body = b"other" if kind == "wrong" else content[start:]
        self.send_response(206 if start else 200)
        if kind != "unknown":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "slow":
            for i in range(0, len(body), len(body) // 4 + 1):
                self.wfile.write(body[i : i + len(body) // 4 + 1])
                time.sleep(0.05)
        elif kind == "stuck":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.server.over.wait(5)
        else:
            self.wfile.write(body[: len(body) // 2] if kind == "broken" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    made.asked, made.files, made.over = [], {}, threading.Event()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.over.set()
    made.shutdown()
    made.server_close()


def url(server, kind, name=""):
    return f"http://127.0.0.1:{server.server_address[1]}/{kind}" + (f"/{name}" if name else "")


def test_fetch(tmp_path, server):
    path = fetch([url(server, "good")], tmp_path, "x.bin", MD5)
    assert path.read_bytes() == CONTENT
    fetch([url(server, "good")], tmp_path, "x.bin", MD5)
    assert len(server.asked) == 1  # what is there is not fetched again


def test_fetch_resumes_a_broken_answer(tmp_path, server):
    path = fetch([url(server, "broken"), url(server, "good")], tmp_path, "x.bin", MD5)
    assert path.read_bytes() == CONTENT
    assert server.asked[1][1] is not None  # asked for the rest


def test_fetch_takes_the_next_mirror(tmp_path, server):
    path = fetch([url(server, "none"), url(server, "wrong"), url(server, "good")], tmp_path, "x.bin", MD5)
    assert path.read_bytes() == CONTENT


def test_fetch_says_what_went_wrong(tmp_path, server):
    with pytest.raises(RuntimeError, match=r"x\.bin could not be fetched.*404.*another file than expected.*Put the file at"):
        fetch([url(server, "none"), url(server, "wrong")], tmp_path, "x.bin", MD5)
    assert not list(tmp_path.iterdir())


def test_fetch_of_a_slow_answer(tmp_path, server):
    assert fetch([url(server, "slow")], tmp_path, "x.bin", MD5, timeout=2).read_bytes() == CONTENT


def test_fetch_leaves_a_stuck_answer_and_resumes(tmp_path, server):
    path = fetch([url(server, "stuck"), url(server, "good")], tmp_path, "x.bin", MD5, timeout=0.2)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == ("good", f"bytes={len(CONTENT) * 7 // 8}-")  # each attempt brought half of what was left


def test_fetch_begins_anew_where_it_cannot_resume(tmp_path, server):
    (tmp_path / "x.bin.partial").write_bytes(CONTENT[:100])
    assert fetch([url(server, "whole")], tmp_path, "x.bin", MD5).read_bytes() == CONTENT
    (tmp_path / "y.bin.partial").write_bytes(CONTENT + b"more than there is")
    assert fetch([url(server, "good")], tmp_path, "y.bin", MD5).read_bytes() == CONTENT
    (tmp_path / "z.bin.partial").write_bytes(b"of another file")
    assert fetch([url(server, "good")], tmp_path, "z.bin", MD5).read_bytes() == CONTENT


def test_fetch_without_a_length_or_a_checksum(tmp_path, server):
    assert fetch([url(server, "unknown")], tmp_path, "x.bin").read_bytes() == CONTENT


def test_fetch_shows_how_far_it_is(tmp_path, server, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", said := Terminal())
    fetch([url(server, "good")], tmp_path, "x.bin", MD5)
    assert "x.bin: 0.1 MB of 0.1" in said.getvalue()


def test_download_of_mnist(tmp_path, server, monkeypatch):
    write_mnist(tmp_path / "made", zipped=True)
    server.files = {p.name: p.read_bytes() for p in (tmp_path / "made").iterdir()}
    sums = [(name, hashlib.md5(server.files[name]).hexdigest()) for name, _ in D.MNIST.resources]
    monkeypatch.setattr(D.MNIST, "resources", sums)
    monkeypatch.setattr(D.MNIST, "mirrors", [url(server, "none/"), url(server, "broken/"), url(server, "good/")])
    data = D.MNIST(tmp_path / "here", download=True)
    assert len(data) == 5
    assert (tmp_path / "here" / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file()  # unzipped, as torchvision has it
    asked = len(server.asked)
    D.MNIST(tmp_path / "here", train=False, download=True)
    assert len(server.asked) == asked
    monkeypatch.setattr(D.MNIST, "mirrors", [url(server, "wrong/"), url(server, "none/")])
    with pytest.raises(
        RuntimeError, match=r"train-images-idx3-ubyte\.gz could not be fetched.*another file.*404.*Put the file at .*MNIST/raw"
    ):
        D.MNIST(tmp_path / "elsewhere", download=True)


def test_download_of_cifar(tmp_path, server, monkeypatch):
    (tmp_path / "made").mkdir()
    write_cifar(tmp_path / "made", monkeypatch)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(tmp_path / "made" / D.CIFAR10.base_folder, D.CIFAR10.base_folder)
    server.files = {"cifar.tar.gz": packed.getvalue()}
    monkeypatch.setattr(D.CIFAR10, "url", url(server, "broken", "cifar.tar.gz"))
    monkeypatch.setattr(D.CIFAR10, "tgz_md5", hashlib.md5(packed.getvalue()).hexdigest())
    with pytest.raises(RuntimeError, match=r"could not be fetched.*the answer ended after"):
        D.CIFAR10(tmp_path / "there", download=True)
    monkeypatch.setattr(D.CIFAR10, "url", url(server, "good", "cifar.tar.gz"))
    assert len(D.CIFAR10(tmp_path / "here", download=True)) == 20


def test_download_of_emnist(tmp_path, server, monkeypatch):
    write_mnist(tmp_path / "made", zipped=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part, theirs in (("train", "train"), ("t10k", "test")):
            for rest in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"):
                archive.write(tmp_path / "made" / f"{part}-{rest}", f"gzip/emnist-letters-{theirs}-{rest}")
    server.files = {"gzip.zip": packed.getvalue()}
    monkeypatch.setattr(D.EMNIST, "mirrors", [url(server, "good/")])
    monkeypatch.setattr(D.EMNIST, "md5", hashlib.md5(packed.getvalue()).hexdigest())
    data = D.EMNIST(tmp_path, "letters", download=True, train=False)
    assert (len(data), data.classes[:3], data.class_to_idx["z"]) == (5, ["N/A", "a", "b"], 26)
    assert len(D.EMNIST.classes_split_dict["byclass"]) == 62
    assert len(D.EMNIST.classes_split_dict["balanced"]) == 47
    with pytest.raises(ValueError, match="Unknown value 'numbers'"):
        D.EMNIST(tmp_path, "numbers")


def write_stl10(root):
    folder = root / "stl10_binary"
    folder.mkdir()
    rng = np.random.RandomState(2)
    for name, n in (("train", 20), ("test", 3), ("unlabeled", 4)):
        rng.randint(0, 256, n * 3 * 96 * 96).astype(np.uint8).tofile(folder / f"{name}_X.bin")
        if name != "unlabeled":
            (np.arange(n) % 10 + 1).astype(np.uint8).tofile(folder / f"{name}_y.bin")
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    (folder / "fold_indices.txt").write_text("\n".join(" ".join(map(str, range(i, i + 5))) for i in range(10)))
    return folder


def test_stl10(tmp_path):
    folder = write_stl10(tmp_path)
    data = D.STL10(tmp_path, "train+unlabeled", folds=2)
    assert (len(data), data[0][1], data[8][1]) == (5 + 4, 2, -1)  # a fold is of the labelled pictures
    raw = np.fromfile(folder / "train_X.bin", np.uint8).reshape(20, 3, 96, 96)
    np.testing.assert_array_equal(np.asarray(data[0][0]), raw[2].transpose(2, 1, 0))
    assert len(D.STL10(tmp_path, "test")) == 3
    with pytest.raises(ValueError, match=r"\[0, 10\)"):
        D.STL10(tmp_path, folds=10)
    (folder / "train_X.bin").write_bytes(b"123")
    with pytest.raises(RuntimeError, match="27,648 bytes each"):
        D.STL10(tmp_path)
    with pytest.raises(RuntimeError, match=r"expected test_X\.bin, test_y\.bin"):
        D.STL10(tmp_path / "nowhere", "test")


def test_svhn(tmp_path, monkeypatch):
    matlab = pytest.importorskip("scipy.io")
    x = np.random.RandomState(3).randint(0, 256, (32, 32, 3, 4)).astype(np.uint8)
    matlab.savemat(tmp_path / "test_32x32.mat", {"X": x, "y": np.array([[1], [10], [3], [9]], np.uint8)})
    md5 = hashlib.md5((tmp_path / "test_32x32.mat").read_bytes()).hexdigest()
    monkeypatch.setattr(D.SVHN, "split_list", {**D.SVHN.split_list, "test": ["http://none/", "test_32x32.mat", md5]})
    data = D.SVHN(tmp_path, "test")
    assert [label for _, label in (data[i] for i in range(4))] == [1, 0, 3, 9]
    np.testing.assert_array_equal(np.asarray(data[2][0]), x[..., 2])
    with pytest.raises(RuntimeError, match=r"train_32x32\.mat"):
        D.SVHN(tmp_path)


def test_contents_that_are_not_the_sets(tmp_path, monkeypatch):
    scipy_io = pytest.importorskip("scipy.io")
    for n, held in enumerate(
        (
            {"X": np.array([[1, "a"]], object), "y": np.ones(1)},
            {"X": {"a": 1}, "y": np.ones(1)},
            {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.ones(3)},
            {"y": np.ones(1)},
        )
    ):
        path = tmp_path / f"{n}.mat"
        scipy_io.savemat(path, held)
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        monkeypatch.setattr(D.SVHN, "split_list", {**D.SVHN.split_list, "test": ["http://none/", path.name, md5]})
        with pytest.raises(ValueError, match="The file is not SVHN's"):
            D.SVHN(tmp_path, "test")
    folder = write_cifar(tmp_path, monkeypatch)
    name = D.CIFAR10.test_list[0][0]
    for held in (
        [],
        {"data": [[0] * 3072], "labels": [1]},
        {"data": np.zeros((2, 3072), np.uint8), "labels": [1]},
        {"data": np.zeros((1, 3072), np.uint8), "labels": ["a"]},
        {"data": np.zeros((1, 3071), np.uint8), "labels": [1]},
    ):
        (folder / name).write_bytes(pickle.dumps(held, 2))
        monkeypatch.setattr(D.CIFAR10, "test_list", [[name, None]])
        with pytest.raises(ValueError, match="The file is not CIFAR's"):
            D.CIFAR10(tmp_path, train=False)


def test_an_idx_head_promises_more_than_there_is(tmp_path):
    for head in (b"\0\0\x08\x02" + struct.pack(">2I", 0, 2**32 - 1), b"\0\0\x08\x41" + struct.pack(">I", 1) * 65 + b"x"):
        (tmp_path / "x").write_bytes(head)
        with pytest.raises(ValueError, match="expected at most 64 dims and"):
            read_idx(tmp_path / "x")


def test_helpers_of_programs(tmp_path, server):
    utils.download_url(url(server, "good"), tmp_path, "x.bin", MD5)
    assert utils.check_integrity(tmp_path / "x.bin", MD5)
    assert not utils.check_integrity(tmp_path / "x.bin", "0" * 32)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("in/a.txt", "x")
    server.files = {"a.zip": packed.getvalue()}
    utils.download_and_extract_archive(url(server, "good", "a.zip"), tmp_path)
    assert utils.list_dir(tmp_path) == ["in"]
    assert utils.list_files(tmp_path / "in", ".txt", prefix=True) == [str(tmp_path / "in" / "a.txt")]
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(b"abc" * 1000)[:20])
    with pytest.raises(RuntimeError, match=r"the archive is damaged.*fetch it again"):
        utils.extract_archive(tmp_path / "damaged.gz")
    assert not (tmp_path / "damaged").exists()


def test_unpack_stays_inside(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("../outside.txt", "x")
    with pytest.raises(RuntimeError, match="written outside"):
        unpack(tmp_path / "a.zip", tmp_path / "in")
    assert not (tmp_path / "outside.txt").exists()


def test_digits_of_scikit_learn():
    load = pytest.importorskip("sklearn.datasets").load_digits()
    train, test = D.Digits(), D.Digits(train=False, target_transform=lambda k: -k)
    assert (len(train), len(test), train.data.shape, train.data.dtype) == (1438, 359, (1438, 8, 8), ac.uint8)
    together = np.concatenate([train.data.numpy(), test.data.numpy()]).reshape(1797, 64), np.concatenate([train.targets, test.targets])
    told = np.round(load.images.reshape(1797, 64) * 255 / 16).astype(np.uint8)
    assert sorted(zip(map(bytes, together[0]), together[1].tolist(), strict=True)) == sorted(
        zip(map(bytes, told), load.target.tolist(), strict=True)
    )
    img, label = test[3]
    assert (img.size, img.mode, label) == ((8, 8), "L", -test.targets[3].item())
    np.testing.assert_array_equal(np.asarray(img), test.data[3].numpy())
    assert "Split: Test" in repr(test) and train.class_to_idx["7"] == 7
    ac.manual_seed(5)
    assert ac.equal(D.Digits().targets, train.targets)  # the split does not hang on the program's seed


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r'expected scikit-learn.*pip install "autograd-cnn\[demo\]"'):
        D.Digits()
