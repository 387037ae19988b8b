"""Finding oneDNN: where it is looked for, what counts as found, and what is told where there is none."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograd_cnn.kernels.memory import threads
from autograd_cnn.kernels.onednn import library
from autograd_cnn.kernels.onednn.library import VARIABLE
from tests.kernels.backends import needs_onednn


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was found here before is found after, and whoever is told of what is found here is not."""
    before = library._asked, library._library, library._reason, library._lock
    monkeypatch.setattr(threads, "BLAS", SimpleNamespace(share_with_openmp=lambda: None))
    monkeypatch.setattr(library, "keep_freed", lambda: None)
    monkeypatch.delenv(VARIABLE, raising=False)
    library.forget()
    yield
    library._asked, library._library, library._reason, library._lock = before


class Found:
    """A library that works."""

    version = "3.9.1"

    def __init__(self, path: str) -> None:
        self.path = path


def finding(monkeypatch: pytest.MonkeyPatch, candidates: list[str], errors: dict[str, Exception]) -> list[str]:
    """The paths that are tried, if those are there and these do not work."""
    tried: list[str] = []

    def made(path: str) -> Any:
        tried.append(path)
        if path in errors:
            raise errors[path]
        return Found(path)

    monkeypatch.setattr(library, "Library", made)
    monkeypatch.setattr(library, "_candidates", lambda: iter(candidates))
    return tried


@pytest.mark.parametrize("word", ["0", "off", "no"])
def test_switched_off(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = finding(monkeypatch, ["a"], {})
    monkeypatch.setenv(VARIABLE, word)
    assert library.library() is None
    assert library.reason() == f"switched off by {VARIABLE}={word}"
    assert tried == []


def test_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for maxsize, byteorder, right in (
        (2**63 - 1, "little", True),
        (2**32, "little", True),
        (2**32 - 1, "little", False),
        (2**31 - 1, "little", False),
        (2**63 - 1, "big", False),
    ):
        tried = finding(monkeypatch, ["a"], {})
        monkeypatch.setattr(library, "sys", SimpleNamespace(maxsize=maxsize, byteorder=byteorder))
        library.forget()
        assert (library.library() is not None) is right
        assert right or library.reason() == "this is not a 64-bit little-endian machine"
        assert tried == ["a"] * right


def test_the_first_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = finding(monkeypatch, ["a", "b", "c", "d"], {"a": OSError("bad"), "b": AttributeError("dnnl_engine_create")})
    shared, kept = [], []
    monkeypatch.setattr(threads.BLAS, "share_with_openmp", lambda: shared.append(1))
    monkeypatch.setattr(library, "keep_freed", lambda: kept.append(1))
    found = library.library()
    assert found is not None
    assert found.path == "c"
    assert library.reason() == "oneDNN 3.9.1 from c"
    assert library.library() is found
    assert (tried, shared, kept) == (["a", "b", "c"], [1], [1])
    library.forget()
    assert library._library is None
    assert library.library() is not found


def test_the_reason_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    finding(monkeypatch, ["a"], {})
    assert library._reason == "not asked for yet"
    assert library.reason() == "oneDNN 3.9.1 from a"


def test_the_one_that_is_named_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = finding(monkeypatch, ["a"], {"mine": OSError("mine: cannot open shared object file")})
    monkeypatch.setenv(VARIABLE, "mine")
    assert library.library() is None
    assert tried == ["mine"]
    assert library.reason() == "mine: mine: cannot open shared object file"


def test_none_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stood in no file is not told: the loader's own search fails on every machine without it."""
    missing = OSError("libdnnl.so.3: cannot open shared object file: No such file")
    tried = finding(monkeypatch, [f"{os.sep}a", "libdnnl.so.3"], {f"{os.sep}a": missing, "libdnnl.so.3": missing})
    assert library.library() is None
    assert library.library() is None
    assert tried == [f"{os.sep}a", "libdnnl.so.3"], "asked once"
    assert library.reason() == f"{os.sep}a: {missing}"
    finding(monkeypatch, ["x", "libdnnl.so.3"], {"x": OSError("version 2.7.0 found, version 3 wanted"), "libdnnl.so.3": missing})
    library.forget()
    assert library.reason() == "x: version 2.7.0 found, version 3 wanted"
    finding(monkeypatch, ["libdnnl.so.3"], {"libdnnl.so.3": missing})
    library.forget()
    assert library.reason() == "no libdnnl found: pip install onednn-cpu-gomp"
    finding(monkeypatch, ["x", "y"], {"x": OSError("one"), "y": OSError("two")})
    library.forget()
    assert library.reason() == "x: one; y: two"


def test_candidates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel, prefix = tmp_path / "wheel" / "libdnnl.so.3", tmp_path / "prefix"
    for path in (wheel, prefix / "lib" / "libdnnl.so.3", prefix / "lib" / "dnnl.dll"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr(library, "_of_wheel", lambda: [wheel, tmp_path / "gone", wheel])
    for platform, last in (("linux", "libdnnl.so.3"), ("darwin", "libdnnl.3.dylib")):
        monkeypatch.setattr(library, "sys", SimpleNamespace(prefix=str(prefix), platform=platform))
        assert list(library._candidates()) == [str(wheel), str(prefix / "lib" / "libdnnl.so.3"), str(prefix / "lib" / "dnnl.dll"), last]


def test_the_wheels_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class File:
        def __init__(self, name: str) -> None:
            self.name = name

        def locate(self) -> Path:
            return tmp_path / "x" / ".." / self.name

    installed: dict[str, list[File] | None] = {
        "onednn-cpu-gomp": None,
        "onednn-cpu-iomp": [File("README"), File("libdnnl.so.3"), File("libdnnl.so.3.9")],
    }

    def files(name: str) -> list[File] | None:
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(importlib.metadata, "files", files)
    right = [(tmp_path / "libdnnl.so.3").resolve()]
    assert library._of_wheel() == right
    del installed["onednn-cpu-gomp"]
    assert library._of_wheel() == right
    installed["onednn-cpu-gomp"] = [File("dnnl.dll")]
    assert library._of_wheel() == [(tmp_path / "dnnl.dll").resolve(), *right]
    installed.clear()
    assert library._of_wheel() == []


def test_the_installed_one_works() -> None:
    """Where the wheel is installed it is found, and loads: without it all tests of its kernels would be left out."""
    try:
        installed = [f for f in importlib.metadata.files("onednn-cpu-gomp") or [] if f.name == "libdnnl.so.3"]
    except importlib.metadata.PackageNotFoundError:
        installed = []
    if not installed:
        pytest.skip("onednn-cpu-gomp is not installed")
    found = library.library()
    assert found is not None, library.reason()
    assert Path(found.path) == Path(str(installed[0].locate())).resolve()
    assert library.reason() == f"oneDNN {found.version} from {found.path}"
    spec = importlib.util.find_spec(library.__name__)
    assert spec is not None
    assert spec.loader is not None
    anew = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(anew)
    assert anew.library() is not None, "as a new process would find it"


@needs_onednn
def test_a_library_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version, no engine, no stream: an error that says which."""
    path = library.library().path  # type: ignore[union-attr]  # there is one
    real = library.Api
    for changed, told in (
        ({"version": (2, 7, 1)}, "version 2.7.1 found, version 3 wanted"),
        ({"version": (4, 3, 3)}, "version 4.3.3 found"),
        ({"engine_create": lambda *args: 1}, "no CPU engine"),
        ({"stream_create": lambda *args: 1}, "no stream"),
    ):

        def made(loaded: Any, changed: dict[str, Any] = changed) -> Any:
            api = real(loaded)
            vars(api).update(changed)
            return api

        monkeypatch.setattr(library, "Api", made)
        with pytest.raises(OSError, match=told):
            library.Library(path)
    monkeypatch.setattr(library, "Api", real)
    asked: list[int] = []
    monkeypatch.setattr(threads, "before_openmp", lambda: asked.append(1))
    found = library.Library(path)
    assert asked == [1], "before it is loaded"
    assert found.path == path
    assert found.version == ".".join(map(str, found.api.version))
    assert found.api.version[0] == 3
    assert found.engine.value
    assert found.stream.value
    found.set_threads(1)


def test_a_forked_process_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    library._asked, library._library, library._reason = False, None, "not asked for yet"
    before = library._lock
    library._after_fork()
    assert library._lock is not before, "another thread may have held it"
    assert not library._asked, "one that was not used yet may be loaded here"
    library._asked, library._library = True, Found("a")  # type: ignore[assignment]  # it stands for one
    library._after_fork()
    assert library.library() is None
    assert "forked" in library.reason()
    library._asked, library._library, library._reason = True, None, "switched off"
    library._after_fork()
    assert library.reason() == "switched off"


@needs_onednn
def test_loaded_once_by_several_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def slow(path: str) -> Any:
        made.append(path)
        time.sleep(0.02)
        return Found(path)

    monkeypatch.setattr(library, "Library", slow)
    monkeypatch.setattr(library, "_candidates", lambda: iter(["a"]))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: library.library(), range(4)))
    assert made == ["a"]
    assert len(set(map(id, found))) == 1


def test_a_handler_that_computes_while_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It loads the library itself, and the load that it interrupted keeps to what it found."""
    loads: list[Any] = []

    def first() -> Any:
        loads.append(object())
        mine = loads[-1]
        if len(loads) == 1:
            assert library.library() is loads[1]
        return mine, "found"

    library.forget()
    monkeypatch.setattr(library, "_first", first)
    assert library.library() is loads[1]
    assert len(loads) == 2
