"""A graph to open and close in a page: what is gathered of it, and the page that shows it."""
