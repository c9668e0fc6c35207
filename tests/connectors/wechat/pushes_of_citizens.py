"""Pushes as WeChat makes them, for the tests of this folder."""

import hashlib
from pathlib import Path

from connectors.wechat.envelope import Keys, Mode, decode_aes_key

FIXTURES = Path(__file__).parent / "fixtures"

ACCOUNT = "gh_0123456789ab"
OPENID = "oBangbanCitizen_0000000000001"
CREATED = 1_790_000_000
APPID = "wx0123456789abcdef"
TOKEN = "bangban2026"
ENCODED_KEY = "BangbanEncodingKeyForTestsOnly0123456789abc"
HEAD = {"account_id": ACCOUNT, "openid": OPENID, "created": CREATED}


def fixture(name):
    """The body of a push, named by what happened."""
    return (FIXTURES / f"{name}.xml").read_bytes()


def keys(mode, *, token=TOKEN, appid=APPID, encoded=(ENCODED_KEY,)):
    """What the account of the tests shares with WeChat."""
    aes_keys = () if mode is Mode.PLAIN else tuple(map(decode_aes_key, encoded))
    return Keys(token=token, appid=appid, mode=mode, aes_keys=aes_keys)


def proof(*parts, token=TOKEN):
    """The signature, computed as the rule says and not by our code."""
    return hashlib.sha1("".join(sorted([token, *parts])).encode()).hexdigest()


def plain_query(*, timestamp=str(CREATED), nonce="n0nce-7", **more):
    """The query of a push in plain mode."""
    return {"signature": proof(timestamp, nonce), "timestamp": timestamp, "nonce": nonce, **more}


def sealed_query(ciphertext, *, timestamp=str(CREATED), nonce="n0nce-7"):
    """The query of a push with that ciphertext."""
    signed = proof(timestamp, nonce, ciphertext)
    return plain_query(timestamp=timestamp, nonce=nonce, encrypt_type="aes", msg_signature=signed)
