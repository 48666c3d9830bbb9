"""Templates of log messages: what a message says, with its variable parts as "<*>"."""
