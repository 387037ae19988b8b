"""Published weights: where they lie, that they are fetched once, and that half a file or another one never stands in their place."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import hub


@functools.cache
def content() -> bytes:
    """A file of weights, some blocks long."""
    file = io.BytesIO()
    ac.save({"w": ac.arange(40_000)}, file)
    assert len(file.getvalue()) > 3 << 16
    return file.getvalue()


def sha() -> str:
    return hashlib.sha256(content()).hexdigest()


class _Answers(http.server.BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["User-Agent"]))
        if "lost" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        if "unknown" not in self.path:
            self.send_header("Content-Length", str(len(content())))
        self.end_headers()
        self.wfile.write(content()[: len(content()) // 2] if "half" in self.path else content())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    made.asked = []
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hub, "_chosen", None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path


def test_the_folder_is_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCH_HOME": "/torch", "XDG_CACHE_HOME": "/cache", "HOME": "/me"}.items():
        monkeypatch.setenv(name, value)
    assert hub.get_dir() == "/torch/hub"
    monkeypatch.setenv("TORCH_HOME", "~/t")
    assert hub.get_dir() == "/me/t/hub"
    monkeypatch.delenv("TORCH_HOME")
    assert hub.get_dir() == "/cache/torch/hub"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert hub.get_dir() == "/me/.cache/torch/hub"
    hub.set_dir("~/mine")
    assert hub.get_dir() == "/me/mine"
    hub.set_dir(Path("/other"))
    assert hub.get_dir() == "/other"


@pytest.mark.parametrize("name", ["net.pth", "unknown.pth", "net-{}.pth"])
def test_fetched_once(server: Any, home: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = name.format(sha()[:8])
    for _ in range(2):
        got = hub.load_state_dict_from_url(f"{server.url}/a/{name}?x=1", check_hash=name.startswith("net-"))
        assert got["w"].tolist() == list(range(40_000))
    assert server.asked == [(f"/a/{name}?x=1", "autograd_cnn")]
    path = home / "hub" / "checkpoints" / name
    assert path.read_bytes() == content()
    assert list(path.parent.iterdir()) == [path]
    assert capsys.readouterr().err == f'Downloading: "{server.url}/a/{name}?x=1" to {path}\n'


def test_another_folder_and_name(server: Any, tmp_path: Path) -> None:
    hub.load_state_dict_from_url(f"{server.url}/a.pth", tmp_path / "mine" / "nets", file_name="b.pth")
    assert (tmp_path / "mine" / "nets" / "b.pth").read_bytes() == content()


def test_a_place_is_passed_on(server: Any) -> None:
    with pytest.raises(RuntimeError, match="don't know how to restore"):
        hub.load_state_dict_from_url(f"{server.url}/a.pth", map_location={"cpu": "moon"})


def test_weights_that_are_others(server: Any, home: Path) -> None:
    """The name tells their checksum: those that do not fit are not kept. Only where that was asked for."""
    wrong = "0" if sha()[0] != "0" else "1"
    url = f"{server.url}/net-{wrong * 8}.pth"
    with pytest.raises(RuntimeError, match=rf'invalid hash value \(expected "{wrong * 8}", got "{sha()[:8]}"\)'):
        hub.load_state_dict_from_url(url, check_hash=True)
    assert list((home / "hub" / "checkpoints").iterdir()) == []
    assert len(hub.load_state_dict_from_url(url)["w"]) == 40_000


@pytest.mark.parametrize("name", ["half.pth", "lost.pth"])
def test_half_an_answer_or_none_leaves_nothing(server: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "old.pth").write_bytes(b"old")
    with pytest.raises(
        (RuntimeError, OSError), match=f"expected {len(content())} bytes, the answer ended after" if "half" in name else "404"
    ):
        hub.download_url_to_file(f"{server.url}/{name}", tmp_path / "old.pth")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("old.pth", b"old")]
    if "lost" in name:
        with pytest.raises(FileNotFoundError, match=r"(?s)lost\.pth: expected these weights at .*404.*put the file there"):
            hub.load_state_dict_from_url(f"{server.url}/{name}")


@pytest.mark.parametrize(("terminal", "progress"), [(True, True), (True, False), (False, True)])
def test_how_far_it_is(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool, progress: bool) -> None:
    """On a terminal, on one line that is ended; nowhere else."""
    said = io.StringIO()
    monkeypatch.setattr(said, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", said)
    hub.download_url_to_file(f"{server.url}/a.pth", tmp_path / "a.pth", progress=progress)
    if not (terminal and progress):
        assert said.getvalue() == ""
        return
    *_, last = said.getvalue().split("\r")
    assert last == f"{len(content()) / 1e6:.1f} of {len(content()) / 1e6:.1f} MB\n"
    assert said.getvalue().startswith("\r0.1 of ")
