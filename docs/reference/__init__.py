"""The API reference: `python -m docs.reference` writes it as static pages."""
