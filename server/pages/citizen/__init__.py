"""The citizen's chat page, complete without a script."""
