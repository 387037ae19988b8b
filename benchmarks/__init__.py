"""How fast, how large: this library beside PyTorch and micrograd. `python -m benchmarks` runs all of it."""
