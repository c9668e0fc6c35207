"""The fakes of the WeChat ports keep the promises of the ports that they stand for."""

import pytest

from tests.contracts.token_store import TokenStoreContract
from tests.wechat_fakes import InMemoryTokenStore


class TestInMemoryTokenStore(TokenStoreContract):
    @pytest.fixture
    async def store(self):
        return InMemoryTokenStore()
