"""What happened in a log: statistics per template, key events, what earlier sessions knew, the digest.

Only the log process (and benchmarks) loads these modules.
"""
