"""An official account of ours, as the API knows it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """`account_id` is our name for it, in addresses, stores and logs; the rest is from WeChat's console."""

    account_id: str
    app_id: str
    app_secret: str = field(repr=False)
    stable_token: bool = True  # False for accounts that may only use the older `cgi-bin/token`
