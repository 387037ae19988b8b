"""One operation entry by entry: its formula, its gradient, and where each number comes from."""
