"""Taking it back: what a turn changed in the workspace, kept so that it can be undone and done again."""
