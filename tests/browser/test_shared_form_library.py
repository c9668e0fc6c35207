"""The page's side of a form that both fill in, tried in the browser against a scripted service."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.fake_service import FakeService

pytestmark = pytest.mark.slow

SCRIPT = """
async () => {
  const { SharedForm } = await import('/static/js/lib/shared_form.js')
  const { ConnectionError, Refusal } = await import('/static/js/lib/errors.js')
  const live = Object.assign(new EventTarget(), { isOpen: true })
  const sent = []
  let answers = []
  let state = 'open', under_way = null
  let field = { name: 'a', value: '', version: 0, problem: '', lock: null }
  const ask = async (method, path, body) => {
    if (path.endsWith('/end')) state = 'finished'
    const answer = { state, fields: [field] }
    if (method === 'GET') await under_way
    if (method === 'GET' || path.endsWith('/end')) return answer
    sent.push(body.value === undefined ? body.act : `${body.act} ${body.value} v${body.version}`)
    const outcome = answers.shift() ?? 'ok'
    if (outcome === 'slow') await new Promise((go) => setTimeout(go, 100))
    if (outcome === 'cut') throw new ConnectionError('cut')
    if (outcome === 'lost') { write(body); throw new ConnectionError('lost') }
    if (outcome !== 'ok' && outcome !== 'slow') throw new Refusal(409, outcome, '')
    return write(body)
  }
  const write = ({ value, version }) => {
    if (value === undefined || value === field.value) return field
    if (version !== field.version) throw new Refusal(409, 'stale_field', '')
    field = { ...field, value, version: field.version + 1 }
    return field
  }
  const other = (value, lock = null) => {
    field = { ...field, value, version: field.version + 1, lock }
    live.dispatchEvent(new CustomEvent('passing', { detail: { type: 'form.field', form_id: 'f', field } }))
  }
  const form = new SharedForm({ formId: 'f', ask, live })
  await form.load()
  const script = (...more) => { answers = more }
  const silently = (value) => { field = { ...field, value, version: field.version + 1 } }
  ACTS
  await form.settled()
  const shown = form.shown('a')
  form.close()
  return { sent, stored: field.value, ...shown }
}
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    service = FakeService()
    service.start()
    page = browser.new_page(base_url=service.url, locale="zh-CN")
    page.goto("/")
    yield page
    page.close()
    service.stop()


def played(page: Page, acts: str) -> dict:
    """What was sent, what the service has, and what is shown, after these acts with `form`."""
    return page.evaluate(SCRIPT.replace("ACTS", acts))


def test_quick_typing_goes_out_together_and_leaving_lets_the_field_go(page: Page):
    done = played(page, "form.enter('a'); form.type('a', '张'); form.type('a', '张三'); form.leave('a')")

    assert done["sent"] == ["hold", "leave 张三 v0"]
    assert (done["stored"], done["value"], done["state"]) == ("张三", "张三", "")


def test_what_was_left_is_free_before_the_form_counts_as_settled(page: Page):
    done = played(
        page, "form.enter('a'); form.leave('a'); await form.settled(); globalThis.last = sent.at(-1)"
    )

    assert page.evaluate("globalThis.last") == "leave"
    assert done["sent"] == ["hold", "leave"]


def test_a_field_that_was_entered_and_not_changed_is_left_as_well(page: Page):
    assert played(page, "form.enter('a')")["sent"] == ["hold", "leave"]


def test_a_field_that_is_left_while_its_words_are_under_way_is_free_after_them(page: Page):
    under_way = "while (sent.length < 2) await new Promise((go) => setTimeout(go, 5));"
    acts = f"script('ok', 'slow'); form.enter('a'); form.type('a', '张'); {under_way} form.leave('a')"
    done = played(page, acts)

    assert done["sent"] == ["hold", "write 张 v0", "leave"]
    assert done["stored"] == "张"


def test_a_slow_hold_is_not_overtaken_by_the_leaving_after_it(page: Page):
    acts = "script('slow'); form.enter('a'); form.type('a', '张'); form.leave('a')"
    done = played(page, acts + "; await new Promise((go) => setTimeout(go, 50)); globalThis.then = [...sent]")

    assert page.evaluate("globalThis.then") == ["hold"]
    assert done["sent"] == ["hold", "leave 张 v0"]


def test_what_the_network_swallowed_is_sent_again_whether_or_not_it_arrived(page: Page):
    done = played(page, "script('cut', 'lost'); form.type('a', '张三'); form.leave('a')")

    assert done["sent"] == ["leave 张三 v0"] * 3
    assert (done["stored"], done["value"], done["refused"]) == ("张三", "张三", "")


@pytest.mark.parametrize("code", ["stale_field", "field_locked"])
def test_words_that_were_refused_are_kept_and_can_be_put_back(page: Page, code: str):
    refused = f"silently('李四'); script('{code}'); form.type('a', '张三'); await form.settled();"
    done = played(page, refused)
    taken = played(page, refused + "form.takeMine('a')")

    assert (done["value"], done["refused"], done["stored"]) == ("李四", "张三", "李四")
    assert (taken["value"], taken["refused"], taken["sent"][-1]) == ("张三", "", "leave 张三 v1")


def test_while_the_other_side_types_the_field_is_taken_until_its_time_is_over(page: Page):
    lock = "{ by: 'agent', page: 'x', ms: 100 }"
    assert played(page, f"other('李', {lock})")["taken"]
    waited = played(page, f"other('李', {lock}); await new Promise((go) => setTimeout(go, 150))")

    assert (waited["taken"], waited["value"]) == (False, "李")


def test_what_the_other_side_writes_does_not_replace_what_is_being_typed_nor_the_other_way_round(page: Page):
    acts = "form.type('a', '张'); other('李四'); globalThis.kept = form.shown('a').value"
    done = played(page, acts)

    assert page.evaluate("globalThis.kept") == "张"
    assert done["sent"] == ["leave 张 v0"]
    assert (done["stored"], done["value"], done["refused"]) == ("李四", "李四", "张")


def test_news_that_were_overtaken_change_nothing(page: Page):
    old = "{ ...field, value: '一', version: 1 }"
    late = f"new CustomEvent('passing', {{ detail: {{ type: 'form.field', form_id: 'f', field: {old} }} }})"

    assert played(page, f"other('二'); other('三'); live.dispatchEvent({late})")["value"] == "三"


def test_a_form_that_was_finished_while_an_answer_was_on_its_way_stays_so(page: Page):
    acts = """
      let arrives
      under_way = new Promise((go) => { arrives = go })
      const late = form.load()
      under_way = null
      await form.end('finish')
      arrives()
      await late
      globalThis.stands = form.view.state
    """
    played(page, acts)

    assert page.evaluate("globalThis.stands") == "finished"
