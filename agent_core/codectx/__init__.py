"""What a file, a folder or a repository is, found out from the index, git and the files themselves."""
