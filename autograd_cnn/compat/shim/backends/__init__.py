"""Switches of PyTorch's backends. A program may set them; nothing here depends on them."""
