"""Dropout and draws."""
