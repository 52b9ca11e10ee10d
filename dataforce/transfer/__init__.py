"""Bytes on their way: checksums, spool files, atomic files, progress and cancellation.

Public for every backend. Each module stands alone: `cancellation` is what a long operation asks
between two chunks, `checksum` computes SHA-256 beside other work, `spool` keeps a file between two
backends, `reservation` and `durability` are for files that must survive a crash, and
`progress_counter` counts bytes that may have to be sent again.
"""
