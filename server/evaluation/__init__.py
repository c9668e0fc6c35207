"""Scores the running service against questions with known answers.

`cases` reads the questions, `playing` asks them, `matching` and `scoring` judge the replies, and
`report` sums up. All but `playing` is pure.
"""
