"""The Model Context Protocol: what this program offers to other assistants."""
