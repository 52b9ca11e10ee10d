"""Every backend of ours is a backend."""

from dataforce.testing.suite import *  # noqa: F403
