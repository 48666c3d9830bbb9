"""The screen in a browser of this machine."""
