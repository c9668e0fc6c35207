"""The use case of looking at recordings: only who may, and every look is written down first."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.desk_ports import CallStore
from core.errors import Conflict, Forbidden, NotFound
from core.evidence_ports import AccessEntry, AccessLog
from core.ports import User
from core.statuses import Role
from server.call_evidence import CallEvidence
from video.recording_files import RecordingPaths, notes, read_note
from video.recording_note import RecordingNote, RecordingState
from video.sealing import SealedReader

_NAME = re.compile(r"([A-Za-z0-9_-]{1,80})(\.[A-Za-z0-9_-]{1,80}){3}")


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks, from where, and what for: the action, and what part of it."""

    user: User
    client: str
    action: str
    part: str = ""


class Recordings:
    """The recordings in one folder. `key` reads the key that opens them."""

    def __init__(
        self,
        folder: Path,
        calls: CallStore,
        evidence: CallEvidence,
        accesses: AccessLog,
        *,
        key: Callable[[], bytes],
        now: Callable[[], datetime],
    ) -> None:
        self._folder = folder
        self._calls = calls
        self._evidence = evidence
        self._accesses = accesses
        self._key = key
        self._now = now

    async def of_conversation(self, look: Look, conversation_id: str) -> list[RecordingNote]:
        """The recordings of those of its calls that the user may see, oldest first. Raises Forbidden."""
        agents = await self._agents_of(conversation_id)
        seen = [call_id for call_id, agent in agents.items() if _may_see(look.user, agent)]
        allowed = bool(seen) or not agents
        await self._note(look, "conversation", conversation_id, conversation_id, allowed=allowed)
        if not allowed:
            raise Forbidden("another agent's calls")
        found = await asyncio.to_thread(
            lambda: [note for call_id in seen for note in notes(self._folder, call_id)]
        )
        return sorted(found, key=lambda note: (note.started_at, note.name))

    async def open(self, look: Look, name: str) -> tuple[RecordingNote, SealedReader]:
        """A finished recording, to be read; close the reader.

        Raises NotFound, Forbidden, Conflict while it is being recorded, RecordingDamaged.
        """
        matched = _NAME.fullmatch(name)
        note = await asyncio.to_thread(read_note, self._folder, name) if matched else None
        if matched is None or note is None:
            raise NotFound("no such recording")
        conversation_id, agent = await self._owner(matched[1])
        allowed = _may_see(look.user, agent)
        await self._note(look, "recording", name, conversation_id, allowed=allowed)
        if not allowed:
            raise Forbidden("the recording of another agent's call")
        if note.state is RecordingState.RECORDING:
            raise Conflict("that recording isn't finished")
        return note, await asyncio.to_thread(self._open, name)

    def _open(self, name: str) -> SealedReader:
        try:
            return SealedReader(RecordingPaths(self._folder, name).sealed, self._key())
        except FileNotFoundError:
            raise NotFound("that recording is deleted") from None

    async def _agents_of(self, conversation_id: str) -> Mapping[str, str]:
        """The agent of each call; recordings outlive the records of calls, so the evidence knows too."""
        if stored := await self._calls.calls_of(conversation_id):
            return {call.call_id: call.agent for call in stored}
        calls = await self._evidence.calls_of(conversation_id)
        return {call_id: (await self._owner(call_id))[1] for call_id in calls}

    async def _owner(self, call_id: str) -> tuple[str, str]:
        """Conversation and agent of a call; both empty if nobody knows."""
        if (stored := await self._calls.get(call_id)) is not None:
            return stored.conversation_id, stored.agent
        return await self._evidence.owner(call_id) or ("", "")

    async def _note(
        self, look: Look, kind: str, record_id: str, conversation_id: str, *, allowed: bool
    ) -> None:
        entry = AccessEntry(
            user=look.user.name,
            action=look.action,
            kind=kind,
            record_id=record_id,
            allowed=allowed,
            conversation_id=conversation_id,
            reason=look.part,
            client=look.client,
            at=self._now(),
        )
        await self._accesses.add(entry)


def _may_see(user: User, agent: str) -> bool:
    return user.role in {Role.SUPERVISOR, Role.ADMIN} or (user.role is Role.AGENT and user.name == agent)
