"""Subcommands of `autograd-cnn` that stand above all rooms."""
