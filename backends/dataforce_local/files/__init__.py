"""Files as content-addressed blobs under an fsspec URL."""
