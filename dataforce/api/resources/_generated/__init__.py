"""The asynchronous twins of the resources, written by tools/generate_async.py."""
