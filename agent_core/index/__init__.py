"""The index of a workspace: what is in it, kept fresh, searched and ranked."""
