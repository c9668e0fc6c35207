"""The command line, a module a command: arguments in, a use case called, a line or two printed."""
