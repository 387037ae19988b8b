"""`draw`: the graph that it draws itself, and the figures of all files under `@figure` as its methods."""
