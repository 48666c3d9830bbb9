"""The tour: short cards that point at the panes, each with something to do, once for a person who is new."""
