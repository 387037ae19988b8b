"""Fetching a data set's files: from the first mirror that answers, resumed where it broke off, and checked."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from .base import is_whole, md5_of

_BLOCK = 1 << 16
_TIMEOUT = 30.0
_ATTEMPTS = 3


def fetch(urls: Sequence[str], folder: str | Path, name: str | None = None, md5: str | None = None, timeout: float = _TIMEOUT) -> Path:
    """The file, fetched from the first of the mirrors that gives the right one; a file that is there already is kept.

    What arrived before a connection broke is kept as NAME.partial and the rest is asked for.

    Raises:
        RuntimeError: none of the mirrors gave it; says what each answered, and where to put the file.
    """
    folder = Path(folder)
    path = folder / (name or urls[0].rpartition("/")[2])
    if is_whole(path, md5):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.partial")
    answers: list[str] = []
    for url in urls:
        for _ in range(_ATTEMPTS):
            try:
                _continue(url, part, timeout)
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                answers.append(f"{url}: {error}")
                if isinstance(error, urllib.error.HTTPError) and error.code != 416:
                    break
                if isinstance(error, urllib.error.HTTPError):  # the part is longer than the file: it is of another one
                    part.unlink(missing_ok=True)
                continue
            if md5 is None or md5_of(part) == md5:
                os.replace(part, path)
                return path
            answers.append(f"{url}: another file than expected (MD5 {md5_of(part)}, not {md5})")
            part.unlink()
    raise RuntimeError(f"{path.name} could not be fetched. " + " | ".join(answers) + f". Put the file at {path}.")


def _continue(url: str, part: Path, timeout: float) -> None:
    """Fetch the rest of a file whose beginning is in `part`; ConnectionError if it breaks off again."""
    have = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": "autograd_cnn", **({"Range": f"bytes={have}-"} if have else {})}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
        resumed = answer.status == 206
        have = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = None if length is None else have + int(length)
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read1(_BLOCK):  # what has arrived: nothing of it is lost if the rest does not come
                file.write(block)
                have += len(block)
                if sys.stderr.isatty():
                    print(f"\r{part.stem}: {have / 1e6:.1f} MB" + (f" of {total / 1e6:.1f}" if total else ""), end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if total is not None and have != total:
        raise ConnectionError(f"the answer ended after {have} of {total} bytes")


def unpack(archive: str | Path, folder: str | Path) -> None:
    """Unpack a tar, zip or gzip file; nothing is written outside the folder.

    Raises:
        RuntimeError: the archive is damaged, or would write elsewhere.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        elif archive.suffix == ".gz":
            _unzip(archive, folder / archive.stem)
        else:
            with zipfile.ZipFile(archive) as file:
                for member in file.namelist():
                    if not (folder / member).resolve().is_relative_to(folder.resolve()):
                        raise RuntimeError(f"{archive}: its entry {member!r} would be written outside {folder}")
                file.extractall(folder)
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise RuntimeError(f"{archive}: the archive is damaged ({error}). Remove it and fetch it again.") from None


def _unzip(archive: Path, path: Path) -> None:
    part = path.with_name(f"{path.name}.partial")
    try:
        with gzip.open(archive) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
