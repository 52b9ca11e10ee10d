"""The overlay store: a registry whose records are changes over a remote one."""
