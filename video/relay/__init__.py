"""Passes a call's RTP from each party to the others without decoding it: the only place of aiortc.

aiortc has no such mode, and its maintainer has declined one, so its receiver, sender and transport are
replaced by `RelayReceiver`, `RelaySender` and `RelayTransport`: each packet is decrypted once, its
header rewritten, and encrypted for whoever gets it, all in one go. What is decided on the way is in the
pure modules beside this package. ICE, DTLS, SRTP and negotiation stay aiortc's. All parties of a call
need the same codec.

For this, names of aiortc that promise nothing are used; `private_api` lists them and refuses to go on
without them. The versions of aiortc and aioice are pinned exactly.
"""
