"""Panes of the work screen: each posts messages up and never reaches sideways."""
