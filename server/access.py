"""The only ways to get at a conversation that a caller may see.

A conversation that doesn't exist and one with another token give the same error, so that nobody
can find out which ids are taken.
"""

import hashlib
import hmac
import re

from core.errors import Unauthenticated
from core.ports import Conversation, ConversationStore

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def token_hash(token: str) -> str:
    """What is stored of a bearer token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


async def access_conversation_by_token(
    store: ConversationStore, conversation_id: str, token: str
) -> Conversation:
    """The conversation that this token belongs to. Raises Unauthenticated for anything else."""
    conversation = await store.get(conversation_id) if _ID.fullmatch(conversation_id) else None
    stored = conversation.token_hash if conversation else token_hash("")
    if not hmac.compare_digest(stored, token_hash(token)) or conversation is None:
        raise Unauthenticated("no such conversation, or another token")
    return conversation
