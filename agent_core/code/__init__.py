"""Reading code: languages, chunks by structure, symbols, the terms of a text, the kinds of files."""
