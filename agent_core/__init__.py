"""Everything that thinks: events, session, tools, models. Knows no screen and prints nothing."""

__version__ = "0.1.0"
