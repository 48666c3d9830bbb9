"""A task that changes files: from what was asked to what is written, checked, and approved."""
