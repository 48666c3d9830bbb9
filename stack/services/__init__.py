"""The programs that run in the containers."""
