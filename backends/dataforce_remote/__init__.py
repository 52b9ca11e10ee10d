"""The remote backend: the platform's HTTP API, and the bucket that its model files are in."""
