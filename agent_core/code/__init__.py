"""What is known about source text: languages, definitions, and where a question is answered."""
