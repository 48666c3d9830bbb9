"""Answering: intent, what is gathered first, the context budget, the loop with a model, the one without."""
