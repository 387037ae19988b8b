"""Places for boxes and ways for links: Graphviz's, or our own by layers."""
