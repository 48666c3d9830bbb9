"""The session as a conversation in lines: for screen readers, braille, dumb terminals, and logs."""
