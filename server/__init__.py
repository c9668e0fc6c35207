"""The service: use cases, the wiring of all packages, HTTP routes, pages and the command line."""
