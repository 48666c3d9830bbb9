"""Changes of files: as values, as hunks, as edits that a model writes, and how they get onto the disk."""
