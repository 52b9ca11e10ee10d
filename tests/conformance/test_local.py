"""The local backend is a backend."""

from dataforce.testing.suite import *  # noqa: F403
