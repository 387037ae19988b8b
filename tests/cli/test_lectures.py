"""`autograd-cnn lectures`: the notebooks in a folder of the user's; what was changed there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd_cnn.cli import lectures, main


def test_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine" / "course"
    assert main(["lectures", "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {p.name for p in lectures.folder().glob("*.ipynb")} == set(lectures.titles())
    assert f"jupyter lab {out / 'index.ipynb'}" in capsys.readouterr().out
    changed, lost = out / "18_your_own_operation.ipynb", out / "index.ipynb"
    changed.write_text("mine", encoding="utf-8")
    lost.unlink()
    assert main(["lectures", "--out", str(out)]) == 0
    assert changed.read_text(encoding="utf-8") == "mine"
    assert lost.exists()
    assert "Kept as they were there, for they differ from those that came with the package: 18_your_own" in capsys.readouterr().out


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lectures", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("index.ipynb")
    assert len(lines) == len(lectures.titles())


def test_a_file_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_text("", encoding="utf-8")
    assert main(["lectures", "--out", str(tmp_path / "a")]) == 2
    assert "expected a folder, got a file" in capsys.readouterr().err
    assert main(["lectures", "--out", str(tmp_path / "a" / "b")]) == 2
    assert "expected a folder that can be made: Not a directory" in capsys.readouterr().err


def test_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lectures, "_PACKAGE", tmp_path / "package")
    assert main(["lectures", "--list"]) == 2
    assert "expected them with the package" in capsys.readouterr().err
