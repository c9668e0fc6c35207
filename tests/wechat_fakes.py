"""In-memory implementations of the ports of `core/wechat_ports.py`."""

from core.wechat_ports import AccessToken


class InMemoryTokenStore:
    """A TokenStore in a dictionary."""

    def __init__(self) -> None:
        self.tokens: dict[tuple[str, str], AccessToken] = {}

    async def get(self, account: str, kind: str) -> AccessToken | None:
        return self.tokens.get((account, kind))

    async def put(self, account: str, kind: str, token: AccessToken, *, instead_of: str) -> AccessToken:
        stored = self.tokens.get((account, kind))
        if stored is None or stored.value == instead_of:
            self.tokens[account, kind] = stored = token
        return stored
