"""What a contract needs whose records go with conversations."""

import pytest

from tests.fakes import ManualClock


class OverConversations:
    """Override `conversations` and `store` with fresh, empty ones over the same records that read `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    async def conversations(self, clock):
        raise NotImplementedError

    @pytest.fixture
    async def store(self, conversations):
        raise NotImplementedError
