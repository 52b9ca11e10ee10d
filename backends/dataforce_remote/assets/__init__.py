"""The kinds that a server of ours offers beside the platform's, by the routes made from them."""
