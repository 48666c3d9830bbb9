"""Logs that come as messages, batch by batch, with all that was counted kept as bytes in between.

`mining.py` is the one door: a function from a state and some messages to the next state and what is told.
"""
