"""Cells that list laws, steps and questions."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.guide import Faq, LegalBasis, ProcessStep
from knowledge.importing.cleaning import clean_text
from knowledge.importing.listings import read_faq, read_legal_bases, read_steps


def test_a_law_is_parted_from_its_article():
    assert read_legal_bases("1.《云山市窗口条例》第三条\n2.《政务办法》（云政〔2025〕1号）") == (
        LegalBasis("《云山市窗口条例》", "第三条"),
        LegalBasis("《政务办法》", "（云政〔2025〕1号）"),
    )


def test_a_title_may_hold_another_title():
    assert read_legal_bases("《关于〈窗口条例〉的通知》") == (LegalBasis("《关于〈窗口条例〉的通知》"),)


def test_a_law_without_title_marks_is_kept_as_it_is():
    assert read_legal_bases("窗口条例第三条") == (LegalBasis("窗口条例第三条"),)


def test_steps_may_be_arrows_or_a_list():
    assert [step.name for step in read_steps("申请→受理→审查→办结")] == ["申请", "受理", "审查", "办结"]
    assert read_steps("1.受理：窗口当场核对材料（1个工作日）；2.发证（当场）") == (
        ProcessStep("受理", "窗口当场核对材料", "1个工作日"),
        ProcessStep("发证", "", "当场"),
    )


def test_questions_and_answers_are_paired():
    assert read_faq("问：能代办吗？答：可以，带委托书。\n问：收费吗？\n答：不收。") == (
        Faq("能代办吗？", "可以，带委托书。"),
        Faq("收费吗？", "不收。"),
    )
    assert read_faq("请看网站") == ()


@given(st.text(max_size=200) | st.text(alphabet="《》〈〉问答：:→1.、；\n（）个工作日5", max_size=80))
def test_any_cell_is_read_without_failing(text):
    cleaned = clean_text(text)
    assert all(basis.title for basis in read_legal_bases(cleaned))
    assert all(step.name for step in read_steps(cleaned))
    assert all(pair.question and pair.answer for pair in read_faq(cleaned))
