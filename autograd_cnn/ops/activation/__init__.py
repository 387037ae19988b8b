"""Activations, gated units, softmax, attention."""
