"""dtypes, devices, sizes, and which dtype a result has."""
