"""WeChat's platform as it behaves towards an official account, for tests and for developers.

An implementation of its own: it imports nothing from `connectors`, so that both can't make the same
mistake. `WeChatPlatform` serves the API and holds accounts; an account has users, who write, click and
scan, and whose `seen` is everything that WeChat would have shown them, in order. Tests judge by that.

Alone, `python -m tests.wechat_platform --callback URL` lets a developer play a citizen from a terminal.
"""

from tests.wechat_platform.faults import ApiFault
from tests.wechat_platform.platform import WeChatPlatform
from tests.wechat_platform.rules import AccountSettings, Rules
from tests.wechat_platform.users import PlatformUser

__all__ = ["AccountSettings", "ApiFault", "PlatformUser", "Rules", "WeChatPlatform"]
