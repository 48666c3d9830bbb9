"""Programs of the user's or the workspace's that are asked before and after a tool, and told a turn's end."""
