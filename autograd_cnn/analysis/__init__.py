"""What can be said about a graph: receptive fields and the windows that make them."""
