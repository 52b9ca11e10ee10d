"""The contenders: each does the same work in its own way."""
