"""Our extensions of Rasa, loaded by Rasa itself in its own Python 3.10 process.

Nothing here may import `core` or `knowledge`, which need Python 3.11 and later.
"""
