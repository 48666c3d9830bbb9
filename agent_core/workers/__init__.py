"""Processes of our own that answer questions over their standard input and output."""
