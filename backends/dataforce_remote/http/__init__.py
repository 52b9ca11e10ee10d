"""HTTP: connections with deadlines, retries, status errors, the guard, and calls of the API."""
