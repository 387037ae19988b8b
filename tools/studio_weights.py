"""Trains the network that comes with the studio: `python -m tools.studio_weights mnist:FOLDER`, a minute on two cores.

Writes `autograd_cnn/studio/built/lenet5.safetensors`, with what the network was trained on and how pictures enter it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from autograd_cnn.cli.main import main as command
from autograd_cnn.serialization import load_file, save_file
from autograd_cnn.training.data import load_data

TARGET = Path(__file__).parent.parent / "autograd_cnn" / "studio" / "built" / "lenet5.safetensors"
TRAIN = "--model lenet5 --epochs 20 --augment 3 --lr 0.002 --optimizer adam --schedule cosine --batch-size 64"


def main(data: str) -> None:
    """Train, and keep the weights."""
    with tempfile.TemporaryDirectory() as folder:
        if command(["train", *TRAIN.split(), "--data", data, "--out", f"{folder}/run"]):
            raise SystemExit(1)
        weights = load_file(f"{folder}/run/model.safetensors")
    mean, std = statistics(data)
    subject = {"mean": mean, "std": std, "trained": TRAIN, "pictures": "MNIST (LeCun, Cortes, Burges)"}
    save_file(weights, TARGET, {"subject": json.dumps(subject)})
    print(f"Written: {TARGET} ({TARGET.stat().st_size / 1000:.0f} kB), mean {mean:.4f}, std {std:.4f}")


def statistics(data: str) -> tuple[float, float]:
    """Mean and standard deviation of the training pictures, of 0 … 1, found from how they were normalised."""
    x = load_data(data).train.tensors[0].numpy()
    low, high = float(x.min()), float(x.max())  # of 0 and of 1
    return -low / (high - low), 1 / (high - low)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tools.studio_weights mnist:FOLDER")
    main(sys.argv[1])
