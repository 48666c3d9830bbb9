"""One file per tool: how it is asked for a form that can be read, and how that is read."""
