"""What the command answers to what it cannot do: one line that says what was expected, and nothing is written."""

from __future__ import annotations

import importlib.util

import pytest

from autograd_cnn.cli.main import main

pytestmark = pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="the digits come with scikit-learn")


@pytest.fixture
def out(tmp_path):
    """A folder for the run that does not exist yet."""
    return tmp_path / "run"


def _tiny(out, *more):
    return ["train", "--model", "mlp", "--epochs", "1", "--batch-size", "512", "--out", str(out), *more]


WRONG = {
    "unknown model": (["--model", "lenet"], "--model: expected one of", "Did you mean 'lenet5'?"),
    "model in capitals": (["--model", "LeNet5"], "--model", "lenet5"),
    "unknown optimizer": (["--optimizer", "adan"], "--optimizer: expected one of", "Did you mean 'adam'?"),
    "unknown schedule": (["--schedule", "cosin"], "--schedule: expected one of", "Did you mean 'cosine'?"),
    "unknown data": (["--data", "digit"], "'digits' or 'mnist:FOLDER'", "Did you mean 'digits'?"),
    "mnist without a folder": (["--data", "mnist"], "expected a folder, as in mnist:FOLDER"),
    "mnist in a missing folder": (["--data", "mnist:/no/such/folder"], "/no/such/folder, which does not exist", "train-images-idx3-ubyte"),
    "negative epochs": (["--epochs", "-1"], "--epochs: expected a whole number from 0 on, got -1"),
    "no batch": (["--batch-size", "0"], "--batch-size: expected a whole number from 1 on, got 0"),
    "negative workers": (["--workers", "-2"], "--workers: expected a whole number from 0 on"),
    "negative moves": (["--augment", "-1"], "--augment: expected a whole number from 0 on"),
    "negative rate": (["--lr", "-0.1"], "--lr: expected a number from 0 on, got -0.1"),
    "rate that is no number": (["--lr", "nan"], "--lr: expected a number from 0 on, got nan"),
    "infinite rate": (["--lr", "inf"], "--lr: expected a number from 0 on, got inf"),
    "negative decay": (["--weight-decay", "-1"], "--weight-decay: expected a number from 0 on"),
    "negative l1": (["--l1", "-1"], "--l1: expected a number from 0 on"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_choices(name, out, capsys):
    args, *texts = WRONG[name]
    assert main(["train", *args, "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("autograd-cnn train: ")
    assert "Traceback" not in err
    assert all(t in err for t in texts), err
    assert not out.exists(), "nothing may be written before the choices are checked"


@pytest.mark.parametrize("args", [["--epochs", "1.5"], ["--epochs", "many"], ["--lr", "fast"], ["--batch-size", ""], ["--colour", "red"]])
def test_wrong_words(args, out, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["train", *args, "--out", str(out)])
    assert "error: " in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(("word", "near"), [("tran", "train"), ("dmeo", "demo")])
def test_unknown_command(word, near, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([word])
    assert f"Did you mean '{near}'?" in capsys.readouterr().err


def test_no_command(capsys):
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "command" in capsys.readouterr().err


def test_help_and_version(capsys):
    for args in (["--help"], ["train", "--help"], ["demo", "--help"], ["--version"]):
        with pytest.raises(SystemExit, match="0"):
            main(args)
    assert "lenet5" in capsys.readouterr().out


def test_a_folder_that_holds_a_run_already(out, capsys):
    assert main(_tiny(out)) == 0
    before = (out / "checkpoint").read_bytes()
    capsys.readouterr()
    assert main(_tiny(out)) == 2
    assert "holds a run already. Go on with it (--resume), or choose another folder (--out)." in capsys.readouterr().err
    assert (out / "checkpoint").read_bytes() == before


def test_resuming_with_other_choices(out, capsys):
    assert main(_tiny(out)) == 0
    before = (out / "checkpoint").read_bytes()
    capsys.readouterr()
    for option, value, was in (("--lr", "0.5", "0.002"), ("--model", "lenet5", "mlp"), ("--batch-size", "16", "512")):
        assert main(["train", option, value, "--out", str(out), "--resume"]) == 2
        assert f"{option} {value}: expected the value the run in {out} was begun with, {was}" in capsys.readouterr().err
    assert (out / "checkpoint").read_bytes() == before


def test_resuming_what_is_finished(out, capsys):
    assert main(_tiny(out)) == 0
    weights = (out / "model.safetensors").read_bytes()
    assert main(["train", "--out", str(out), "--resume"]) == 0
    assert "1 of 1 epochs done" in capsys.readouterr().out
    assert (out / "model.safetensors").read_bytes() == weights


def test_resuming_nothing(out, capsys):
    assert main(_tiny(out, "--resume")) == 0
    assert f"Nothing was saved in {out} yet: beginning at the start." in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "empty", "folder"])
def test_a_damaged_checkpoint(damage, out, capsys):
    assert main(_tiny(out)) == 0
    path = out / "checkpoint"
    data = path.read_bytes()
    capsys.readouterr()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        path.write_bytes(data[:200] + bytes([data[200] ^ 255]) + data[201:])
    elif damage == "text":
        path.write_text("This is no checkpoint.")
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
        path.mkdir()
    code = main(["train", "--out", str(out), "--resume"])
    err = capsys.readouterr().err
    assert code == 2, "a damaged checkpoint may not be resumed"
    assert str(path) in err
    assert "Traceback" not in err


def test_a_checkpoint_of_something_else(out, capsys):
    import autograd_cnn as ac
    from autograd_cnn.serialization import save_checkpoint

    out.mkdir()
    save_checkpoint(out / "checkpoint", weights=ac.zeros(2))
    assert main(["train", "--out", str(out), "--resume"]) == 2
    assert "expected a checkpoint of a training run" in capsys.readouterr().err


def test_a_file_where_the_folder_should_be(out, capsys):
    out.write_text("I was here first.")
    assert main(_tiny(out)) == 2
    assert str(out) in capsys.readouterr().err
    assert out.read_text() == "I was here first."


def test_no_epochs_write_the_untrained_network(out):
    assert main(["train", "--model", "mlp", "--epochs", "0", "--out", str(out)]) == 0
    assert (out / "model.safetensors").is_file()
    assert not (out / "curves.svg").exists()
