"""The kinds of the registry family: each module declares the models of one kind, and the kind."""
