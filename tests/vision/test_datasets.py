"""Data sets: files in torchvision's layouts, and what is said when they are missing or damaged."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import pickle
import struct
import threading

import numpy as np
import pytest

from autograd_cnn.vision import datasets as D
from autograd_cnn.vision.datasets.download import fetch, unpack
from autograd_cnn.vision.datasets.pickled import read_pickled

Image = pytest.importorskip("PIL.Image")


def write_mnist(raw, n=5, zipped=False):
    raw.mkdir(parents=True)
    rng = np.random.RandomState(0)
    for part in ("train", "t10k"):
        x, y = rng.randint(0, 256, (n, 28, 28)).astype(np.uint8), (np.arange(n) % 10).astype(np.uint8)
        for name, head, body in ((f"{part}-images-idx3-ubyte", struct.pack(">4i", 2051, n, 28, 28), x),
                                 (f"{part}-labels-idx1-ubyte", struct.pack(">2i", 2049, n), y)):  # fmt: skip
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
    def do_GET(self):
        kind = self.path.strip("/")
        self.server.asked.append((kind, self.headers.get("Range")))
        if kind == "none":
            self.send_error(404)
            return
        begin = self.headers.get("Range")
        start = int(begin[6:-1]) if begin and kind != "wrong" else 0
        body = b"other" if kind == "wrong" else CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if kind == "broken" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    made.asked = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def url(server, kind):
    return f"http://127.0.0.1:{server.server_address[1]}/{kind}"


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


def test_unpack_stays_inside(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("../outside.txt", "x")
    with pytest.raises(RuntimeError, match="written outside"):
        unpack(tmp_path / "a.zip", tmp_path / "in")
    assert not (tmp_path / "outside.txt").exists()
