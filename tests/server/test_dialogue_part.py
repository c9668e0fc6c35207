"""What our own Rasa is told of the settings."""

import pytest

from server.dialogue_part import rasa_plan


@pytest.mark.parametrize(("retention_days", "keep_days"), [(180, 7), (7, 7), (1, 1)])
def test_rasa_remembers_no_conversation_for_longer_than_the_service(settings, retention_days, keep_days):
    changed = settings.model_copy(update={"retention_days": retention_days})

    assert rasa_plan(changed, "http://127.0.0.1:1/secret/webhook").keep_days == keep_days
