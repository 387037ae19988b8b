"""Algebra of single entries, for drawings entry by entry."""
