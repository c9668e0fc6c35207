"""What is acted on at once, and what counts as a yes to what was read back."""

import pytest

from connectors.wechat.voice import Confirmation, is_sure, read_confirmation
from core.speech_ports import Heard

YES = (
    "是/是的/是的。/对/对对对/嗯/嗯嗯/嗯，是的/1/１/好/好的/好的，谢谢"
    "/可以/行/没错/正确/是这样/就是这样的/OK/ok/Yes"
)
NO = "不是/不是的/不对/不/2/２/错了/没说/不是这样的/重说/重新说/取消/NO"
NEITHER = "/？/您好/你好/是吗/不是，我要办社保/居住证/12/好像不是/对了，要带什么/3"


@pytest.mark.parametrize(("confidence", "sure"), [(0.79, False), (0.8, True), (1, True), (0, False)])
def test_what_was_understood_well_enough_needs_no_asking(confidence, sure):
    assert is_sure(Heard("居住证", confidence), 0.8) is sure


@pytest.mark.parametrize("text", YES.split("/"))
def test_a_yes(text):
    assert read_confirmation(text) is Confirmation.YES


@pytest.mark.parametrize("text", NO.split("/"))
def test_a_no(text):
    assert read_confirmation(text) is Confirmation.NO


@pytest.mark.parametrize("text", [*NEITHER.split("/"), "嗯" * 2000])
def test_whoever_says_more_says_something_of_their_own(text):
    assert read_confirmation(text) is Confirmation.NEITHER
