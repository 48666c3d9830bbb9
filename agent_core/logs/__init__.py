"""Log sources of a workspace."""
