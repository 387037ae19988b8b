"""Shapes, joins, splits, arrangements."""
