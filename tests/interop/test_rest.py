"""The published coordinator and ours, side by side: the same requests get the same answers.

(being written; see the note on the division of tests/interop)
"""
