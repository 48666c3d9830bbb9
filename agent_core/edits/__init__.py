"""Edits as models write them: read out of a reply, and brought to the files they are meant for."""
