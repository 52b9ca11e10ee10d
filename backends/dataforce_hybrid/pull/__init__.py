"""Records and files fetched for offline work."""
