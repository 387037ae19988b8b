"""Products of matrices, decompositions, solutions, distances."""
