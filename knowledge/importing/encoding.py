"""Text out of bytes in the encodings that offices use: UTF-8, UTF-16 with a mark, GB 18030."""

import codecs

_LOST = "\ufffd"


def decode(data: bytes) -> str:
    """The text of the bytes; U+FFFD stands where some can't be decoded.

    A file of UTF-8 with a few broken bytes stays UTF-8, so that only the rows with these bytes are
    lost. GB 18030 is taken where UTF-8 fails all over.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    utf8 = data.decode("utf-8-sig", errors="replace")
    beyond_ascii = sum(not sign.isascii() for sign in utf8)
    if utf8.count(_LOST) * 10 < beyond_ascii:
        return utf8
    return data.decode("gb18030", errors="replace")
