"""Set-up of a fresh machine and upkeep of the project; the standard library suffices."""
