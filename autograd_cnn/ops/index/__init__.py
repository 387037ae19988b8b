"""Reading and writing at places: slices, indices, masks, embeddings."""
