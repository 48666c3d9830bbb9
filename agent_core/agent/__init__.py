"""Answering: intent, evidence, the context budget, the loop with a model, the assistant without one."""
