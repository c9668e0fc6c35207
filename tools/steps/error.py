"""The one way a set-up fails: a sentence that says what is wrong and what to do about it."""


class SetupError(Exception):
    """Something the person at the terminal has to see to; the text tells them what."""
