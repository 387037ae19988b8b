"""Over dims: sums, extrema, statistics, order, cumulative results."""
