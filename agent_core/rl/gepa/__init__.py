"""Better prompts for the skills: examples, what a good reply has, GEPA, and what came of it."""
