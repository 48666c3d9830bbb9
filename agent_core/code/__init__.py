"""Reading code: languages, chunks by structure, symbols."""
