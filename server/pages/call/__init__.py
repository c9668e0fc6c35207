"""The citizen's side of a call. It needs a script, and says so without one."""
