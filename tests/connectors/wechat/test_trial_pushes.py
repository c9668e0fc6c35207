"""What we send to try an address is what WeChat would send."""

import pytest

from connectors.wechat.envelope import Mode, check_address, open_push
from connectors.wechat.push_record import asks_for_something
from connectors.wechat.pushes import UnknownEvent, Unsubscribed, parse_push
from connectors.wechat.trial_pushes import EVENT, LEAVE, OPENID, forged, trial_check, trial_push
from core.errors import UnsignedPush, UntrustedPush
from tests.connectors.wechat.pushes_of_citizens import ACCOUNT, CREATED, keys, plain_query

ONCE = {"now": CREATED, "nonce": "n0nce7"}


def trial(mode, event=EVENT):
    return trial_push(keys(mode), event, account_id=ACCOUNT, random16=b"r" * 16, **ONCE)


@pytest.mark.parametrize("mode", Mode)
class TestInEveryMode:
    """Opened by what opens WeChat's."""

    def test_the_event_asks_for_nothing(self, mode):
        push = trial(mode)

        opened = open_push(push.query, push.body, keys(mode), CREATED)
        parsed = parse_push(opened.xml)

        assert parsed == UnknownEvent(account_id=ACCOUNT, openid=OPENID, created=CREATED, event=EVENT)
        assert not asks_for_something(parsed)
        assert (opened.sealed_with is None) == (mode is Mode.PLAIN)

    def test_leaving_has_the_service_forget(self, mode):
        push = trial(mode, LEAVE)

        opened = open_push(push.query, push.body, keys(mode), CREATED)

        assert isinstance(parse_push(opened.xml), Unsubscribed)

    def test_a_forged_one_is_refused(self, mode):
        push = forged(trial(mode))

        with pytest.raises(UntrustedPush, match="signature is wrong"):
            open_push(push.query, push.body, keys(mode), CREATED)

    def test_the_consoles_question_is_answered_with_its_echo(self, mode):
        query = trial_check(keys(mode), echo="5437621098", **ONCE)

        assert query == {**plain_query(nonce="n0nce7"), "echostr": "5437621098"}
        assert check_address(query, keys(mode), CREATED) == "5437621098"

    def test_no_secret_shows_in_its_repr(self, mode):
        assert "CDATA" not in repr(trial(mode))


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("query", [{}, {"timestamp": str(CREATED)}, {"echostr": "1"}])
def test_a_question_without_any_signature_is_told_from_one_with_a_wrong_one(mode, query):
    with pytest.raises(UnsignedPush):
        check_address(query, keys(mode), CREATED)
    with pytest.raises(UntrustedPush) as refused:
        check_address({**query, "signature": ""}, keys(mode), CREATED)
    assert not isinstance(refused.value, UnsignedPush)
