"""The project's own checks: which there are, running them, and what they found."""
