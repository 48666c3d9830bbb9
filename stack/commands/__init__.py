"""The commands of the stack: one implementation for the command line, the prompt and `--batch`."""
