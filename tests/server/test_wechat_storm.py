"""Whatever WeChat and the power supply do, each message is answered once, in order, within the quota."""

import pytest

from tests.scenarios.wechat_storm import Storm, StormPlan

pytestmark = pytest.mark.slow


async def test_a_storm_with_kills_loses_and_doubles_nothing(tmp_path):
    plan = StormPlan(
        messages=240,
        users=40,
        seconds=24,
        slow=(0.5, 3.0),
        kills=2,
        answer_within=1.0,
        pause_after_broken=5.0,
        quota=2,
        bursts=0.4,
    )
    report = await Storm(plan, tmp_path / "var").blow()

    assert report.wrong == []
    assert report.carried > 0
    assert report.sent > 0
