"""What a drawing shows: the graph folded, named and measured, before anything has a place."""
