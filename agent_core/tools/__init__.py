"""Tools: one file each, with typed arguments, a class (read, run, write, ...) and a coroutine."""
