"""Bytes on their way: checksums, verified transfer, atomic files, progress and cancellation.

Public for every backend. `cancellation` is what a long operation asks between two chunks,
`checksum` computes SHA-256 beside other work, `reservation` and `durability` are for files that
must survive a crash, and `progress_counter` counts bytes that may have to be sent again: each of
these stands alone. `verified` fetches a file and verifies it, a large one with `parallel_fetch`;
`spool` does so for all files of a record that go from one backend to another.
"""
