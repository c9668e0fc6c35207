"""Guides in, answers with sources out."""
