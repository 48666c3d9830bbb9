"""One file per ecosystem: which checks a folder has."""
