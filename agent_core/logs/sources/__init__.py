"""Where log lines come from: files, standard input, containers, and what registers itself."""
