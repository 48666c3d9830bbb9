"""DSPy skills: one file each with its signature, its module and its prompt."""
