"""What other distributions add: tools, skills, verifiers, embedders and log sources, by entry points.

`ports.py` is what their authors see; everything else here finds, loads, guards and lists them.
"""
