"""scikit-learn's 1,797 real handwritten digits."""

from __future__ import annotations

from typing import Any

import numpy as np


def digits() -> tuple[Any, Any]:
    """(images, labels): 1,797 real handwritten digits of 8×8 pixels, values 0 … 16, and what they are.

    Raises:
        ImportError: that says what to install when scikit-learn, which brings the data, is missing.

    Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(
            'digits: expected scikit-learn, which brings the pictures. Install it: pip install "autograd-cnn[demo]"'
        ) from None
    found = load_digits()
    return found.images.astype(np.float32), found.target.astype(np.int64)
