"""Files of both sides, and the cache of remote ones."""
