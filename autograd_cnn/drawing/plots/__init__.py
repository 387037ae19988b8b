"""Curves, surfaces, filters, activations and what else is measured."""
