"""The endpoints; each module has those of one kind of asset and gives them with `routes`."""
