"""PyTorch's pickles, read without running anything, and written."""
