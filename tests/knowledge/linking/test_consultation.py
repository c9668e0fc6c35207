"""A citizen's conversation with the guides of a small city, turn by turn."""

from dataclasses import replace
from datetime import date

import pytest

from core.statuses import GuideStatus, TurnStatus
from knowledge.views import GuideCache
from tests.fakes import InMemoryKnowledgeStore
from tests.knowledge.linking.small_city import guide, records_of, small_city


def text_of(consultation) -> str:
    return consultation.variables.get("text", "")


def cited(consultation) -> set[str]:
    return {source.guide_id for source in consultation.sources}


def titles(consultation) -> list[str]:
    return [choice.title for choice in consultation.choices]


class TestAnswering:
    async def test_a_question_with_item_district_and_element_is_answered_from_that_guide(self, desk):
        reply = await desk.ask("东岭区居住证丢了补办几天")

        assert reply.status is TurnStatus.ANSWERED
        assert "3个工作日" in text_of(reply)
        assert cited(reply) == {"t5"}

    async def test_several_elements_are_answered_together_each_with_its_source(self, desk):
        reply = await desk.ask("东岭区居住证丢了，补办带啥材料，收费吗")

        assert [s.element for s in reply.statements] == ["materials", "fee"]
        assert all(reply.sources[p].guide_id == "t5" for s in reply.statements for p in s.sources)

    async def test_what_all_districts_say_alike_needs_no_district(self, desk):
        reply = await desk.ask("居住证丢了补办收费吗")

        assert reply.status is TurnStatus.ANSWERED
        assert "不收费" in text_of(reply)

    async def test_a_misspelt_district_is_understood_by_its_sound(self, desk):
        reply = await desk.ask("东领区居住证丢了补办几天")

        assert cited(reply) == {"t5"}

    async def test_two_things_asked_at_once_are_both_answered(self, desk):
        reply = await desk.ask("东岭区居住证丢失补领和居住证签注分别要几天")

        assert reply.status in {TurnStatus.ANSWERED, TurnStatus.CLARIFYING}

    async def test_a_guide_silent_on_the_element_is_said_to_be_silent(self, desk):
        reply = await desk.ask("东岭区居住证丢了，补办能全程网办吗")

        assert reply.outcome == "not_in_guide"
        assert reply.variables["phone"] == "0431-80000005"


class TestAskingBack:
    async def test_the_district_is_asked_when_the_answer_depends_on_it(self, desk):
        reply = await desk.ask("居住证丢了补办几天")

        assert reply.outcome == "ask_district"
        assert set(titles(reply)) == {"东岭区", "河西区"}

        reply = await desk.pick(titles(reply).index("河西区") + 1)

        assert cited(reply) == {"t105"}
        assert "5个工作日" in text_of(reply)

    async def test_staff_are_told_the_guides_to_which_what_is_offered_may_lead(self, desk):
        by_district = await desk.ask("居住证丢了补办几天")
        answered = await desk.pick(1)
        by_item = await desk.ask("东岭区残疾证要迁移，要什么材料")

        assert {(id_, district) for id_, _, district in by_district.trace["offered"]} == {
            ("t5", "东岭区"),
            ("t105", "河西区"),
        }
        assert all("居住证" in title for _, title, _ in by_district.trace["offered"])
        assert "offered" not in answered.trace
        assert len(by_item.trace["offered"]) == 2
        assert {district for _, _, district in by_item.trace["offered"]} == {"东岭区"}

    async def test_siblings_that_differ_in_the_answer_are_offered_as_situations(self, desk):
        reply = await desk.ask("东岭区残疾证要迁移，要什么材料")

        assert reply.outcome == "ask_situation"
        assert titles(reply) == ["户籍地申请", "居住地申请"]

    async def test_siblings_that_agree_on_the_answer_are_answered_together(self, desk):
        reply = await desk.ask("东岭区残疾证要迁移，几天能办完")

        assert reply.status is TurnStatus.ANSWERED
        assert cited(reply) == {"t7", "t8"}

    async def test_a_condition_in_the_words_settles_the_sibling(self, desk):
        reply = await desk.ask("我户口不在东岭区，人住这边，残疾证迁移要什么材料")

        assert cited(reply) == {"t8"}

    async def test_a_choice_says_what_the_official_name_leaves_unsaid(self, desk):
        reply = await desk.ask("东岭区补办丢失的身份证，几天能拿")

        assert any("户口在本地" in title for title in titles(reply))

    async def test_only_a_thing_named_asks_what_is_to_be_done(self, desk):
        reply = await desk.ask("东岭区身份证")

        assert reply.status is TurnStatus.CLARIFYING
        assert len(reply.choices) >= 2

    async def test_situations_of_one_guide_are_asked_when_their_materials_differ(self, desk):
        reply = await desk.ask("犬只饲养备案要什么材料")

        assert reply.outcome == "ask_situation"
        assert titles(reply) == ["首次饲养", "犬牌补发"]

        reply = await desk.pick(2)

        assert "身份证" in text_of(reply)
        assert "免疫证明" not in text_of(reply)


class TestConversation:
    async def test_an_ellipsis_stays_with_the_item_and_district(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        reply = await desk.ask("那要带点啥")

        assert cited(reply) == {"t5"}
        assert "身份证" in text_of(reply)

    async def test_another_district_keeps_item_and_element(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        reply = await desk.ask("那河西区呢")

        assert cited(reply) == {"t105"}
        assert "5个工作日" in text_of(reply)

    async def test_the_district_named_first_counts_for_the_item_named_later(self, desk):
        reply = await desk.ask("我是河西区的")
        assert reply.outcome == "district_noted"

        reply = await desk.ask("居住证丢了补办几天")

        assert cited(reply) == {"t105"}

    async def test_a_correction_changes_the_item_and_keeps_the_question(self, desk):
        await desk.ask("东岭区居住证签注要带啥")
        reply = await desk.ask("不对，我问的是居住证丢了补办")

        assert cited(reply) == {"t5"}
        assert [s.element for s in reply.statements] == ["materials"]

    async def test_one_can_go_back_to_an_earlier_item(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        await desk.ask("再问下首次办身份证要带啥")
        reply = await desk.ask("说回居住证那个，收费吗")

        assert cited(reply) == {"t5"}

    async def test_what_was_said_of_oneself_is_not_asked_again(self, desk):
        await desk.ask("我户口不在东岭区，人住这边，残疾证迁移要什么材料")
        reply = await desk.ask("身份证丢了补办几天")

        assert cited(reply) == {"t2"}

    async def test_a_stale_focus_does_no_harm(self, desk):
        desk.focus = {"items": ["没有的事项|"], "aspects": ["nonsense"], "offered": 3}
        reply = await desk.ask("东岭区居住证丢了补办几天")

        assert cited(reply) == {"t5"}


class TestDeclining:
    async def test_a_known_matter_without_a_guide_is_named_and_not_answered(self, desk):
        reply = await desk.ask("社保卡丢了补一张多少钱，东岭区")

        assert reply.outcome == "no_guide"
        assert not reply.sources
        assert "社" in reply.variables["topic"]

    async def test_another_city_is_declined(self, desk):
        reply = await desk.ask("沈阳市居住证丢了补办几天")

        assert reply.outcome == "other_city"
        assert reply.variables["city"] == "松江市"  # what it can answer for

    async def test_where_the_citizen_comes_from_is_no_other_city(self, desk):
        reply = await desk.ask("我是河南人，东岭区居住证丢了补办几天")

        assert cited(reply) == {"t5"}

    async def test_progress_of_ones_own_case_is_declined(self, desk):
        reply = await desk.ask("我上周交的材料办到哪了", intent="own_case", confidence=0.9)

        assert reply.outcome == "own_case"

    async def test_an_item_that_the_district_lacks_names_the_districts_that_have_it(self, make_desk):
        desk = await make_desk([*small_city(), guide(300, "河西区", "温泉采水登记")])
        reply = await desk.ask("东岭区温泉采水登记要什么材料")

        assert reply.outcome == "item_not_in_district"
        assert titles(reply) == ["河西区"]


class TestNewGuides:
    async def test_an_item_that_no_lexicon_knows_is_found_by_its_name(self, make_desk):
        desk = await make_desk([*small_city(), guide(300, "河西区", "温泉采水登记", materials=("水质报告",))])
        reply = await desk.ask("河西区温泉采水登记要什么材料")

        assert cited(reply) == {"t300"}
        assert "水质报告" in text_of(reply)

    async def test_an_alias_of_an_editor_finds_the_item(self, make_desk):
        desk = await make_desk([*small_city(), guide(300, "河西区", "温泉采水登记", aliases=("泡澡证",))])
        reply = await desk.ask("河西区泡澡证几天能下来")

        assert cited(reply) == {"t300"}

    async def test_a_guide_of_the_city_serves_its_districts(self, desk):
        reply = await desk.ask("东岭区犬只饲养备案几天")

        assert cited(reply) == {"t201"}

    async def test_an_expired_guide_is_never_answered_from(self, make_desk):
        expired = [
            replace(g, valid_until=date(2026, 1, 31)) if g.main_item == "居住证丢失补领" else g
            for g in small_city()
        ]
        desk = await make_desk(expired)
        reply = await desk.ask("东岭区居住证丢了补办几天")

        assert not cited(reply) & {"t5", "t105"}

    async def test_a_guide_withdrawn_since_the_snapshot_is_not_answered_from(self, desk):
        await desk.store.set_status("t5", 1, GuideStatus.WITHDRAWN)
        reply = await desk.ask("东岭区居住证丢了补办几天")

        assert "t5" not in cited(reply)

    async def test_nor_when_it_was_answered_from_before_and_the_index_cannot_follow(self, desk):
        assert cited(await desk.ask("东岭区居住证丢了补办几天")) == {"t5"}
        await desk.store.set_status("t5", 1, GuideStatus.WITHDRAWN)
        reply = await desk.ask("东岭区居住证丢了补办几天")

        assert "t5" not in cited(reply)

    async def test_the_version_that_is_published_now_is_answered_from(self, desk):
        assert "3个工作日" in text_of(await desk.ask("东岭区居住证丢了补办几天"))
        changed = next(g for g in small_city() if g.guide_id == "t5")
        changed = replace(changed, time_limit=replace(changed.time_limit, promised_days=9))
        await desk.store.publish_guides(records_of([changed]))
        reply = await desk.ask("东岭区居住证丢了补办几天")

        assert "9个工作日" in text_of(reply)
        assert [source.version for source in reply.sources] == [2]


class TestTheGuideCache:
    async def test_a_guide_is_read_once_and_its_version_each_time(self, monkeypatch):
        store = InMemoryKnowledgeStore()
        await store.publish_guides(records_of(small_city()))
        read = []
        whole = store.guides

        async def guides(guide_ids):
            read.extend(guide_ids)
            return await whole(guide_ids)

        monkeypatch.setattr(store, "guides", guides)
        cache = GuideCache(store, size=2)

        assert set(await cache.fetch(["t5", "t105"])) == {"t5", "t105"}
        assert set(await cache.fetch(["t105", "t5"])) == {"t5", "t105"}
        assert read == ["t5", "t105"]

        await cache.fetch(["t2"])  # one of the others has to go
        await cache.fetch(["t5", "t105"])
        assert sorted(read[3:]) in (["t105"], ["t5"])


@pytest.mark.parametrize("text", ["", " ", "？？？", "啊啊啊啊啊啊", "a" * 500, "1", "\U0001f600"])
async def test_noise_is_met_with_a_question_or_a_refusal_never_with_an_answer(desk, text):
    reply = await desk.ask(text)

    assert reply.status in {TurnStatus.CLARIFYING, TurnStatus.NO_GUIDE}
    assert not reply.sources


class TestSpeakingOn:
    """What a citizen adds, corrects or asks again in a conversation under way."""

    async def test_what_is_added_of_oneself_changes_the_case_and_not_the_matter(self, desk):
        await desk.ask("东岭区本地户口，身份证丢了补办几天")
        reply = await desk.ask("我媳妇辽宁户口，她的也丢了，她得几天")

        assert cited(reply) == {"t2"}
        assert "20个工作日" in text_of(reply)

    async def test_a_slip_of_the_tongue_about_the_district_is_put_right(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        reply = await desk.ask("打错了打错了，我在河西区不在东岭区")

        assert cited(reply) == {"t105"}

    async def test_papers_that_are_only_brought_along_are_no_new_matter(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        reply = await desk.ask("去的时候除了身份证户口本还带啥")

        assert cited(reply) == {"t5"}
        assert [s.element for s in reply.statements] == ["materials"]

    async def test_two_matters_answered_together_can_be_asked_about_together_again(self, desk):
        first = await desk.ask("东岭区，居住证丢了要补，残疾证要迁到户籍地，两样都带啥")
        again = await desk.ask("俩的电话都给我")

        assert cited(first) == cited(again) == {"t5", "t7"}

    async def test_anger_beside_a_question_leaves_the_question(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        reply = await desk.ask("气死我了，地址", intent="own_case", confidence=0.9)

        assert [s.element for s in reply.statements] == ["location"]

    async def test_a_complaint_is_no_question_about_the_guide(self, desk):
        await desk.ask("东岭区居住证丢了补办几天")
        reply = await desk.ask("窗口那女的还跟我甩脸子，我要投诉", intent="complain", confidence=0.9)

        assert reply.outcome == "out_of_scope"
        assert not reply.sources
