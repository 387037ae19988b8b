"""Graphs of tensors: cards, links and the backward pass."""
