"""Offline learning: which verifier to run first, trained on recorded runs of a project's own tools."""
