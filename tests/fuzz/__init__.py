"""Thousands of made-up inputs, the same in every run; `tox run -e slow` runs these.

`tests/test_cursors.py` does the same to cursors, `tests/server/test_schema.py` to the served API.
"""
