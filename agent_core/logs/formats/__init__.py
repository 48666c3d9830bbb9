"""The formats of logs: what the head of a line says (time, level, component), and where the message begins.

Every line is judged by itself alone, so a source may mix formats and begin anywhere. `text` gives vectorised
access to the bytes, `times` reads times, `patterns` lists the heads as data, `heads` puts them together.
"""
