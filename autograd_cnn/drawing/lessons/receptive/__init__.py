"""What one unit of a network can see."""
