"""Keeps the C library from holding on to memory that the service has let go of.

glibc gives every thread an arena of its own and returns little of what was freed in it, which costs
some 40 MB after the model, the dictionary and an index were loaded by several threads. Elsewhere
than with glibc these calls do nothing. Linux man pages mallopt(3) and malloc_trim(3).
"""

import ctypes

_M_ARENA_MAX = -8  # from malloc.h
_ARENAS = 2  # one a core of the smallest machine; more bring no speed that shows


def share_arenas() -> None:
    """Lets all threads share a few arenas; to be called before there are threads."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Returns to the system what was freed, say after everything was loaded. Takes milliseconds."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)  # what this process is linked with
    return libc if hasattr(libc, "malloc_trim") else None
