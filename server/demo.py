"""Sign-ins for trying the service out: made once, in a new data directory, when the setting `demo` is on.

The passwords are random and kept in a file that only the operator can read, so that each start can
show them again.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core.accounts import hash_password
from core.ports import User, UserStore
from core.settings import Settings
from core.statuses import Role
from server.stores_part import open_stores

FILE_NAME = "demo_sign_ins.json"
NAMES: Mapping[Role, str] = {Role.AGENT: "agent", Role.EDITOR: "editor", Role.SUPERVISOR: "supervisor"}


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """An account for trying out."""

    name: str
    role: str
    password: str = field(repr=False)


async def prepare_demo(settings: Settings) -> list[DemoSignIn]:
    """The demo sign-ins, made now if the data directory is new; none unless the setting is on."""
    if not settings.demo:
        return []
    path = settings.data / FILE_NAME
    if path.exists():
        return [DemoSignIn(**entry) for entry in json.loads(await asyncio.to_thread(path.read_text, "utf-8"))]
    async with open_stores(settings) as stores:
        if await stores.users.all():
            return []
        sign_ins = [DemoSignIn(name, role.value, secrets.token_urlsafe(9)) for role, name in NAMES.items()]
        await asyncio.to_thread(_keep, path, sign_ins)
        for sign_in in sign_ins:
            await add_user(stores.users, sign_in.name, Role(sign_in.role), sign_in.password)
    return sign_ins


async def add_user(users: UserStore, name: str, role: Role, password: str) -> None:
    """Stores a new account. Raises Conflict if the name is taken."""
    await users.add(User(name, role, await asyncio.to_thread(hash_password, password)))


def _keep(path: Path, sign_ins: list[DemoSignIn]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(sign_in) for sign_in in sign_ins], file)
