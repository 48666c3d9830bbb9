"""Conversations on disk: one file of events each, written as they happen, resumed, forked and told of."""
