"""Clients survive what happens to a coordinator: `kill -9`, a pause, an outage of its store.

(being written; see the note on the division of tests/interop)
"""
