"""The API reference, written from the docstrings: the pages that `python -m docs.site` puts among its own."""
