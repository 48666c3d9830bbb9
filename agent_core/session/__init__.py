"""The conversation: submitting, cancelling, answering questions, and what is kept of it."""
