"""Records in tables: the store of any kind, its pages, constraints and cascades."""
