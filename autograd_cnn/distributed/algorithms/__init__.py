"""Ways of doing things together."""
