"""Recordings of the real program in a pseudo-terminal: the tasks of a newcomer, the demo, the pictures.

A script is data (`script.py`): what is pressed, what is typed, what the screen has to show in between. It
is played (`player.py`) on the program as people start it (`terminal.py`), in a home of its own (`places.py`).
What comes of it is an asciinema file (`tape.py`), pictures of the terminal's cells (`picture.py`) and a count
of the key presses. `python -m scripts.record` makes them.
"""
