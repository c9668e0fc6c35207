"""The SHA-1 signature by which WeChat's servers prove that they know the account's token. Pure.

Rule: the parts are sorted as strings, joined and hashed
(https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html). SHA-1 is
WeChat's choice; there is no other one to take.
"""

import hashlib
import hmac


def signature(token: str, *parts: str) -> str:
    """The signature of the parts, 40 hexadecimal digits.

    The parts are time stamp and nonce, and the ciphertext for `msg_signature`.
    """
    joined = "".join(sorted((token, *parts)))
    return hashlib.sha1(joined.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def check(given: str, token: str, *parts: str) -> bool:
    """Whether that is the signature of the parts; the time it takes tells nothing of the right one."""
    right = signature(token, *parts)
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogatepass"))
