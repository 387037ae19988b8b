"""What every room may use: handles of hooks, files that are whole or not there, and who draws."""
