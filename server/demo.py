"""Sign-ins for trying the service out: made once, in a new data directory, when the setting `demo` is on.

The passwords are random and kept in a file that only the operator can read, so that each start can
show them again. A kill at any point loses none of them: they are written down before the first
account is made, and take the name that a start looks for when all accounts are there. Between the
two, the next start goes on with what was written down.
"""

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import structlog

from core.accounts import hash_password
from core.errors import Conflict
from core.ports import User, UserStore
from core.settings import Settings
from core.statuses import Role
from server.stores_part import open_stores

log = structlog.get_logger(__name__)

FILE_NAME = "demo_sign_ins.json"
PLANNED_NAME = f"{FILE_NAME}.planned"
NAMES: Mapping[Role, str] = {Role.AGENT: "agent", Role.EDITOR: "editor", Role.SUPERVISOR: "supervisor"}


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """An account for trying out."""

    name: str
    role: str
    password: str = field(repr=False)


async def prepare_demo(settings: Settings) -> Sequence[DemoSignIn]:
    """The demo sign-ins, made now if the data directory is new; none unless the setting is on.

    None either if their file is damaged: the accounts stay, and the service starts.
    """
    if not settings.demo:
        return ()
    path, planned = settings.data / FILE_NAME, settings.data / PLANNED_NAME
    if known := await asyncio.to_thread(_read, path):
        return known
    async with open_stores(settings) as stores:
        sign_ins = await asyncio.to_thread(_read, planned)
        if not sign_ins:
            if await stores.users.all():
                return ()
            sign_ins = [
                DemoSignIn(name, role.value, secrets.token_urlsafe(9)) for role, name in NAMES.items()
            ]
            await asyncio.to_thread(_write, planned, sign_ins)
        for sign_in in sign_ins:
            with contextlib.suppress(Conflict):  # made before the kill
                await add_user(stores.users, sign_in.name, Role(sign_in.role), sign_in.password)
    os.replace(planned, path)
    return sign_ins


async def add_user(users: UserStore, name: str, role: Role, password: str) -> None:
    """Stores a new account. Raises Conflict if the name is taken."""
    await users.add(User(name, role, await asyncio.to_thread(hash_password, password)))


def _read(path: Path) -> Sequence[DemoSignIn]:
    """What the file holds; nothing if there is none, or none that is whole."""
    try:
        return [DemoSignIn(**entry) for entry in json.loads(path.read_text("utf-8"))]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        log.warning("demo_sign_ins_unreadable", file=str(path), reason=type(error).__name__)
        return ()


def _write(path: Path, sign_ins: Sequence[DemoSignIn]) -> None:
    """Writes the file for its owner's eyes; it is on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(sign_in) for sign_in in sign_ins], file)
        file.flush()
        os.fsync(file.fileno())
