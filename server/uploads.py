"""What becomes of a file that a citizen or an agent sends, and who may have it back.

A file is scanned as it came, kept as made anew (pictures, voices) or as it is (PDF), recorded, and only
then in the log: what the log names is there. The same bytes sent again are the same file, and so is the voice
of the same message. Knows no HTTP.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from core.errors import (
    Conflict,
    FileTooLarge,
    InvalidInput,
    NotFound,
    TooManyFiles,
    TooManyRequests,
    Unavailable,
    UnsupportedFile,
)
from core.evidence_ports import AccessEntry, StoredFile
from core.ports import ConversationEvent, ConversationStore, User
from core.replica_ports import Locks
from server.desk import Desk
from server.file_types import FileType, shown_name, type_of
from server.images import make_anew
from server.kept_files import KeptFiles
from server.photo_quality import judge
from server.staff_reading import StaffReading
from server.turn_locks import TurnLocks
from server.voices import PLAYABLE_TYPE, PlayableVoice

log = structlog.get_logger(__name__)

CITIZEN = "citizen"
MOST_FILES = 50
MOST_AT_ONCE = 16
MOST_OF_CONVERSATION = 2
MOST_OF_ADDRESS = 4
WAITING_OF_ONE = 4

PICTURES_AT_ONCE = 2
"""A picture takes up to some hundred megabytes while it is made anew."""

STRAY_AFTER = timedelta(days=1)
"""After a crash bytes may lie there without a record; so long an upload never takes."""

Scan = Callable[[bytes], Awaitable[None]]
"""Returns if nothing was found. Raises InfectedFile, ScannerUnavailable."""

Decode = Callable[[bytes], Awaitable[PlayableVoice]]
"""`server.voices.VoiceDecoder.decode`."""

VOICE_NAME = "语音.mp3"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How large a file may be, in bytes and unpacked."""

    most_bytes: int
    most_pixels: int


@dataclass(frozen=True, slots=True)
class Upload:
    """What a client sent: a name that is believed in nothing, and bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was taken in: its place in the log, and what the sender had better do about it."""

    event: ConversationEvent
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prepared:
    data: bytes
    details: dict[str, Any]


class Uploads:
    """The use case around files. Without `scan` no file is looked at for viruses.

    `shared_locks` are those of all replicas.
    """

    def __init__(
        self,
        store: ConversationStore,
        desk: Desk,
        reading: StaffReading,
        *,
        kept: KeptFiles,
        limits: UploadLimits,
        publish: Callable[[ConversationEvent], None],
        now: Callable[[], datetime],
        decode: Decode,
        scan: Scan | None = None,
        shared_locks: Locks | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._reading = reading
        self._kept = kept
        self._limits = limits
        self._publish = publish
        self._now = now
        self._decode = decode
        self._scan = scan
        self._locks = TurnLocks(max_waiting=WAITING_OF_ONE, kind="upload", shared=shared_locks)
        self._pictures = asyncio.Semaphore(PICTURES_AT_ONCE)
        self._under_way: Counter[tuple[str, str]] = Counter()

    @property
    def most_bytes(self) -> int:
        """How many bytes a file may have."""
        return self._limits.most_bytes

    @asynccontextmanager
    async def admit(self, conversation_id: str, address: str) -> AsyncIterator[None]:
        """Room for a file in memory while it arrives and is worked on.

        So many at once for a conversation and a client address: nobody takes the room of all others.
        Raises TooManyRequests, Unavailable, and StorageUnavailable when the disk is nearly full.
        """
        if self._under_way.total() >= 2 * MOST_AT_ONCE:  # each is counted under two names
            raise Unavailable("too many files arrive at once")
        conversation, client = ("conversation", conversation_id), ("address", address)
        if (
            self._under_way[conversation] >= MOST_OF_CONVERSATION
            or self._under_way[client] >= MOST_OF_ADDRESS
        ):
            raise TooManyRequests("too many files of one client arrive at once", retry_after=5)
        names = (conversation, client)
        self._under_way.update(names)
        try:
            await asyncio.to_thread(self._kept.folder.check_room)
            yield
        finally:
            self._under_way.subtract(names)
            for name in names:
                if not self._under_way[name]:
                    del self._under_way[name]

    # --- sending -----------------------------------------------------------------------------------

    async def from_citizen(self, conversation_id: str, upload: Upload) -> Received:
        """Takes in a citizen's file.

        Raises UnsupportedFile, FileTooLarge, ImageTooLarge, UnreadableFile, InfectedFile,
        ScannerUnavailable, StorageUnavailable, TooManyFiles, NotFound.
        """

        async def write(body: dict[str, Any]) -> ConversationEvent:
            return await self._log(conversation_id, body)

        return await self._take_in(conversation_id, upload, CITIZEN, write)

    async def keep_voice(self, conversation_id: str, recording: bytes, message_id: str) -> dict[str, Any]:
        """Keeps a citizen's voice message to be played; what names it in the log, which hasn't got it yet.

        Raises UnreadableFile, FileTooLarge, InfectedFile, ScannerUnavailable, StorageUnavailable,
        TooManyFiles, Unavailable, NotFound.
        """
        async with self._locks.hold(conversation_id):
            there = await self._kept.files.files_of(conversation_id)
            for file in there:
                if file.details.get("voice_of") == message_id:
                    return _event_body(file)
            self._check_count(there)
            scanned = await self._scanned(recording)
            voice = await self._decode(recording)
            details = {"scan": scanned, "voice_of": message_id, "milliseconds": voice.milliseconds}
            return _event_body(
                await self._kept.keep(
                    conversation_id, VOICE_NAME, PLAYABLE_TYPE, voice.data, by=CITIZEN, details=details
                )
            )

    async def show_voice(self, conversation_id: str, voice: Mapping[str, Any]) -> ConversationEvent:
        """Puts a voice that was kept into the log, by itself. Raises NotFound."""
        return await self._log(conversation_id, voice)

    async def from_agent(self, user: User, conversation_id: str, upload: Upload) -> Received:
        """Takes in a file of the agent who holds the conversation. Raises as `from_citizen`, and Conflict."""
        await self._desk.check_holds(user.name, conversation_id)

        async def write(body: dict[str, Any]) -> ConversationEvent:
            return await self._desk.write(user, conversation_id, "file", body, once=body["file_id"])

        return await self._take_in(conversation_id, upload, user.name, write)

    # --- having it back ----------------------------------------------------------------------------

    async def for_citizen(self, conversation_id: str, file_id: str) -> tuple[StoredFile, bytes]:
        """A file of this conversation. Raises NotFound, StorageUnavailable."""
        file = await self._kept.find(conversation_id, file_id)
        return file, await self._kept.read(file_id)

    async def for_staff(
        self, user: User, conversation_id: str, file_id: str, *, client: str = ""
    ) -> tuple[StoredFile, bytes]:
        """A file of a conversation that this member of staff may see; asking for it is logged.

        Raises Forbidden, NotFound, StorageUnavailable.
        """
        entry = AccessEntry(
            user.name, "download", "file", file_id, conversation_id=conversation_id, client=client
        )

        async def find() -> tuple[tuple[StoredFile, bytes], datetime | None]:
            file, data = await self.for_citizen(conversation_id, file_id)
            return (file, data), file.at

        return await self._reading.give(user, entry, find)

    # --- forgetting --------------------------------------------------------------------------------

    async def forget_old(self) -> int:
        """Deletes the bytes of deleted conversations, and what a crash left; returns how many."""
        deleted = 0
        while left := await self._kept.files.left_behind():
            for file in left:
                await self._kept.delete(file.file_id)
            deleted += len(left)
        before = (self._now() - STRAY_AFTER).timestamp()
        for file_id in await asyncio.to_thread(self._kept.folder.older_than, before):
            if await self._kept.files.get(file_id) is None:
                await self._kept.delete_bytes(file_id)
                deleted += 1
        return deleted

    # --- taking in ---------------------------------------------------------------------------------

    async def _take_in(
        self,
        conversation_id: str,
        upload: Upload,
        by: str,
        write: Callable[[dict[str, Any]], Awaitable[ConversationEvent]],
    ) -> Received:
        file_type = self._check(upload)
        received = hashlib.sha256(upload.data).hexdigest()
        async with self._locks.hold(conversation_id):
            there = await self._kept.files.files_of(conversation_id)
            same = _same(there, by, received)
            file = same
            if file is None:
                self._check_count(there)
                prepared = await self._prepare(upload, file_type)
                prepared.details["received"] = received
                file = await self._kept.keep(
                    conversation_id,
                    shown_name(upload.name, file_type),
                    file_type.media_type,
                    prepared.data,
                    by=by,
                    details=prepared.details,
                )
            try:
                event = await write(_event_body(file))
            except (NotFound, Conflict):
                if same is None:  # its agent let the conversation go meanwhile
                    await self._kept.drop(file)
                raise
        return Received(event, tuple(file.details.get("advice", ())))

    def _check(self, upload: Upload) -> FileType:
        if not upload.data:
            raise InvalidInput("file: must not be empty")
        if len(upload.data) > self._limits.most_bytes:
            raise FileTooLarge(f"more than {self._limits.most_bytes} bytes")
        file_type = type_of(upload.data)
        if file_type is None:
            raise UnsupportedFile("none of the types that are taken in")
        return file_type

    async def _prepare(self, upload: Upload, file_type: FileType) -> _Prepared:
        """The bytes to keep, and what is known about them."""
        scanned = await self._scanned(upload.data)
        if not file_type.is_image:
            return _Prepared(upload.data, {"scan": scanned})
        async with self._pictures:
            return await asyncio.to_thread(self._picture, upload.data, file_type, scanned)

    async def _scanned(self, data: bytes) -> str:
        """What the virus scanner makes of it. Raises InfectedFile, ScannerUnavailable."""
        if self._scan is None:
            return "off"
        await self._scan(data)
        return "clean"

    async def _log(self, conversation_id: str, body: Mapping[str, Any]) -> ConversationEvent:
        event, is_new = await self._store.append(
            conversation_id, "file", body, delivery_key=f"file:{body['file_id']}"
        )
        if is_new:
            self._publish(event)
        return event

    @staticmethod
    def _check_count(there: Sequence[StoredFile]) -> None:
        if len(there) >= MOST_FILES:
            raise TooManyFiles(f"{MOST_FILES} files already")

    def _picture(self, data: bytes, file_type: FileType, scanned: str) -> _Prepared:
        made = make_anew(data, file_type, most_pixels=self._limits.most_pixels)
        quality = judge(made.grey, made.width, made.height)
        return _Prepared(
            made.data,
            {
                "scan": scanned,
                "width": made.width,
                "height": made.height,
                "quality": dict(quality.measured),
                "advice": list(quality.advice),
            },
        )


def _same(files: Sequence[StoredFile], by: str, received: str) -> StoredFile | None:
    return next((each for each in files if each.by == by and each.details.get("received") == received), None)


def _event_body(file: StoredFile) -> dict[str, Any]:
    body: dict[str, Any] = {
        "file_id": file.file_id,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "by": file.by,
    }
    if "milliseconds" in file.details:
        body["milliseconds"] = file.details["milliseconds"]
    return body
