"""The stores of the registry family on the platform's API."""
