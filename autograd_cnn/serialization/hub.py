"""Published weights: fetched once into a folder of their own, checked, and read from there ever after.

The folder is `torch.hub`'s: `$TORCH_HOME/hub`, else `$XDG_CACHE_HOME/torch/hub`, else `~/.cache/torch/hub`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ..support.listing import listed

__all__ = ["download_url_to_file", "get_dir", "load_state_dict_from_url", "set_dir"]

_HASH_IN_NAME = re.compile(r"-([a-f0-9]*)\.")  # resnet18-f37072fd.pth: the first letters of its SHA-256
_BLOCK = 1 << 16
_chosen: Path | None = None


def get_dir() -> str:
    """The folder of what was fetched."""
    if _chosen is not None:
        return str(_chosen)
    home = os.environ.get("TORCH_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "torch")
    return str(Path(home).expanduser() / "hub")


def set_dir(d: str | Path) -> None:
    """Use another folder from now on."""
    global _chosen
    _chosen = Path(d).expanduser()


def load_state_dict_from_url(
    url: str,
    model_dir: str | Path | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Any:
    """The object in a file of weights, from the folder of those fetched, or fetched now.

    Args:
        url: where it is published.
        model_dir: another folder than `get_dir()/checkpoints`.
        map_location: see `load`.
        progress: show how far the download is.
        check_hash: the name ends in the first letters of the file's SHA-256; refuse a file that does not fit.
        file_name: another name than the URL's.

    Raises:
        FileNotFoundError: it is not there and cannot be fetched; says which file to put where.
        RuntimeError: `check_hash`, and the file is another.
    """
    from . import load

    folder = Path(model_dir) if model_dir is not None else Path(get_dir()) / "checkpoints"
    name = file_name or os.path.basename(urlparse(url).path)
    path = folder / name
    if not path.is_file():
        found = _HASH_IN_NAME.search(name) if check_hash else None
        try:
            print(f'Downloading: "{url}" to {path}', file=sys.stderr)
            download_url_to_file(url, path, found.group(1) if found else None, progress)
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
            raise FileNotFoundError(
                f"{name}: expected these weights at {path}, and they could not be fetched ({error}). "
                f"Fetch {url} where there is a connection and put the file there."
            ) from None
    return load(path, map_location=map_location)


def download_url_to_file(url: str, dst: str | Path, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Fetch a URL into a file, which appears only once it is whole.

    Args:
        hash_prefix: the SHA-256 must begin so.

    Raises:
        RuntimeError: it does not, or the answer was cut short. URLError: no answer.
    """
    dst = Path(dst)
    dst.parent.mkdir(parents=True, exist_ok=True)
    part = dst.with_name(f"{dst.name}.{os.getpid()}.partial")
    digest, done = hashlib.sha256(), 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "autograd_cnn"})
        with urllib.request.urlopen(request, timeout=30) as answer, part.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(_BLOCK):
                file.write(block)
                digest.update(block)
                done += len(block)
                if progress and sys.stderr.isatty():
                    print(f"\r{done / 1e6:.1f} of {total / 1e6:.1f} MB", end="", file=sys.stderr)
        if total and done != total:
            raise RuntimeError(f"{url}: expected {total} bytes, the answer ended after {done}. Try again.")
        if hash_prefix and not digest.hexdigest().startswith(hash_prefix):
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()[: len(hash_prefix)]}") of {url}')
        os.replace(part, dst)
    finally:
        part.unlink(missing_ok=True)
        if progress and done and sys.stderr.isatty():
            print(file=sys.stderr)


def __dir__() -> list[str]:
    return listed(globals())
