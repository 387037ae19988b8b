"""What a figure is made of: the scene of text, lines and boxes, its theme and words, and the writers that turn it into a file."""
