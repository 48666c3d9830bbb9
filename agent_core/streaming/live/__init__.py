"""Messages as they come, for a screen: a process of its own reads and keeps them, and tells what shows."""
