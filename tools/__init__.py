"""What works on the tree and is no part of the package."""
