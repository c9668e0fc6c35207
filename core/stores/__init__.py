"""Stores on SQLAlchemy that implement the ports."""
