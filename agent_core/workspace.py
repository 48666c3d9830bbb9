"""The workspace: its root, the jail, ignore rules, listing, and reading text safely."""
