"""A graph as a program: what is computed in which order (`plan`), made shorter (`shorten`), and written as text (`writer`)."""
