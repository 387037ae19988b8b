"""Entry by entry: arithmetic, powers, exponentials, angles, rounding, comparisons, choices."""
