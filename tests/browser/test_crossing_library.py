"""News, answers and presses that cross each other, played to the pages' modules by a scripted service."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.fake_service import FakeService

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[Page]:
    service = FakeService()
    service.start()
    page = browser.new_page(base_url=service.url, locale="zh-CN")
    yield page
    page.close()
    service.stop()


@pytest.fixture
def page(opened: Page) -> Page:
    """A page as nobody has touched it yet."""
    opened.goto("/")
    return opened


GATES = """
  const { ConnectionError, Refusal } = await import('/static/js/lib/errors.js')
  const moment = (ms = 0) => new Promise((go) => setTimeout(go, ms))
  const until = async (holds) => {
    const end = performance.now() + 30_000
    while (!holds()) {
      if (performance.now() > end) throw new Error(`never so: ${holds}`)
      await moment(5)
    }
  }
  const held = new Map()  // by what is asked: answers on their way
  const holds = new Set()
  const answer = (what, value) =>
    holds.has(what)
      ? new Promise((go) => held.set(what, [...(held.get(what) ?? []), () => go(value)]))
      : Promise.resolve(value)
  const isAsked = (what) => until(() => held.get(what)?.length > 0)
  const letGo = async (what) => {
    holds.delete(what)
    for (const go of held.get(what) ?? []) go()
    held.delete(what)
    await moment(20)
  }
"""


def played(page: Page, setting: str, acts: str) -> object:
    """What the acts return, played in that setting."""
    return page.evaluate(f"async () => {{ {GATES} {setting} {acts} }}")


# --- the desk ------------------------------------------------------------------------------------------

DESK = """
  const { DeskSession } = await import('/static/js/lib/desk_session.js')
  const log = []
  const told = []
  let call = null, state = 'available', failures = [], gone = false
  const event = (kind, body) => {
    log.push({ sequence: log.length + 1, kind, body, at: '2026-11-26T09:00:00Z' })
    return { conversation_id: 'c1', ...log.at(-1) }
  }
  const api = {
    who: async () => ({ name: 'li', role: 'agent', state }),
    queue: async () => {
      if (failures.length > 0) throw failures.shift()
      return { waiting: [] }
    },
    conversations: () => answer('own', { state, conversations: [{ conversation_id: 'c1' }] }),
    conversation: async (id, after) => {
      if (gone) throw new Refusal(404, 'not_found', '')
      return answer('log', { id, events: log.slice(after), call, standing: null })
    },
    setState: async (wanted) => { state = wanted },
    watching: () => ({ url: '', protocols: [] }),
  }
  const session = new DeskSession({ api, memory: { read: () => null, write: () => {} } })
  session.live.start = () => {}
  session.live.stop = () => {}
  session.addEventListener('connection', ({ detail }) => told.push(detail))
  const news = (detail) => session.live.dispatchEvent(new CustomEvent('news', { detail }))
  const inbox = () =>
    session.live.dispatchEvent(new CustomEvent('passing', { detail: { type: 'inbox' } }))
  await session.open()
  const chat = session.chats.get('c1')
"""
RINGING = "{ call_id: 'a', state: 'ringing', mode: 'video' }"
ENDED = "{ call_id: 'a', state: 'ended', mode: 'video' }"


def test_a_call_that_rang_and_ended_while_an_answer_was_on_its_way_has_ended(page: Page):
    assert (
        played(
            page,
            DESK,
            f"""
            const ring = event('call', call = {RINGING})
            holds.add('log')
            session.refresh()
            await isAsked('log')  // an answer that knows of the ring
            news(ring)
            news(event('call', {ENDED}))
            call = null
            await letGo('log')
            return chat.call
            """,
        )
        is None
    )


def test_how_a_call_stands_is_as_the_service_says_after_all_that_its_log_tells(page: Page):
    stands = played(
        page,
        DESK,
        f"""
        event('call', {RINGING})
        call = {{ call_id: 'a', state: 'connecting', mode: 'video' }}
        await session.refresh()
        return chat.call.state
        """,
    )

    assert stands == "connecting"


def test_a_state_that_was_chosen_while_an_answer_was_on_its_way_stays(page: Page):
    state = played(
        page,
        DESK,
        """
        holds.add('own')
        session.refresh()
        await isAsked('own')
        await session.setState('break')
        await letGo('own')
        return session.agentState
        """,
    )

    assert state == "break"


def test_a_desk_that_could_not_read_tries_again_by_itself_and_says_when_it_could(page: Page):
    told = played(
        page,
        DESK,
        """
        failures = [new ConnectionError('lost')]
        inbox()
        await until(() => told.length === 2)
        return told
        """,
    )

    assert told == ["lost", "ok"]


def test_a_conversation_that_leaves_the_desk_while_it_is_read_is_no_trouble(page: Page):
    left = played(
        page,
        DESK,
        """
        gone = true
        inbox()
        await until(() => told.length > 0)
        return [told, session.chats.size]
        """,
    )

    assert left == [["ok"], 0]


# --- the agent's call ----------------------------------------------------------------------------------

CALL = """
  const { DeskCall } = await import('/static/js/lib/desk_call.js')
  const sent = []
  let opened = 0, asked = 0
  navigator.mediaDevices.getUserMedia = () => {
    opened += 1
    return answer('devices', new MediaStream())
  }
  const live = Object.assign(new EventTarget(), {
    isOpen: true,
    send: (message) => Boolean(sent.push(message)),
    opened: async () => {},
    renew: () => {},
  })
  const passing = (detail) => live.dispatchEvent(new CustomEvent('passing', { detail }))
  let first = 'ringing'
  const api = {
    act: () => {
      asked += 1
      return answer('call', { call_id: `call-${asked}`, state: first, mode: 'video' })
    },
    iceServers: async () => ({ ice_servers: [], media: 'relay' }),
  }
  const call = new DeskCall({ api, live })
  const types = () => sent.map(({ type }) => type)
"""


def test_a_press_too_many_makes_no_second_call(page: Page):
    assert played(
        page,
        CALL,
        """
        holds.add('devices')
        call.begin('c1', 'video')
        call.begin('c1', 'video')
        await letGo('devices')
        return [opened, asked, call.active]
        """,
    ) == [1, 1, True]


def test_who_hangs_up_before_the_service_said_which_call_it_is_ends_it_all_the_same(page: Page):
    told = played(
        page,
        CALL,
        """
        holds.add('call')
        call.begin('c1', 'video')
        await isAsked('call')
        call.hangUp()
        await letGo('call')
        return [sent, call.active]
        """,
    )

    assert told == [[{"type": "call.hangup", "call_id": "call-1"}], False]


def test_what_fails_of_a_call_that_was_hung_up_does_not_end_the_next(page: Page):
    told = played(
        page,
        CALL,
        """
        first = 'connecting'
        call.begin('c1', 'video')
        await until(() => types().includes('call.offer'))
        call.hangUp()
        first = 'ringing'
        call.begin('c2', 'video')
        await until(() => call.id === 'call-2')
        passing({ type: 'error', code: 'media_full', message: '', call_id: 'call-1' })
        await moment(20)
        return [call.active, call.id]
        """,
    )

    assert told == [True, "call-2"]


def test_that_the_citizen_picked_up_may_be_learnt_from_the_conversation(page: Page):
    assert played(
        page,
        CALL,
        """
        call.begin('c1', 'video')
        await until(() => call.id)
        await moment(50)
        const before = types()
        call.catchUp({ call: { call_id: 'call-1', state: 'connecting' }, lastCall: '' })
        await until(() => types().includes('call.offer'))
        call.catchUp({ call: null, lastCall: 'call-1' })
        return [before, call.active]
        """,
    ) == [[], False]


# --- sound and picture ---------------------------------------------------------------------------------

MEDIA = """
  const { CallMedia } = await import('/static/js/lib/call_media.js')
  const canvas = document.createElement('canvas')
  canvas.getContext('2d').fillRect(0, 0, 20, 20)
  const cameras = []
  navigator.mediaDevices.getUserMedia = () => {
    cameras.push(canvas.captureStream(5))
    return answer('camera', cameras.at(-1))
  }
  const sent = []
  const other = new RTCPeerConnection()
  const send = async (type, { sdp }, isNewest) => {
    await answer('pick up')
    if (!isNewest()) throw new ConnectionError('another took its place')
    sent.push(type)
    await other.setRemoteDescription({ type: 'offer', sdp })
    await other.setLocalDescription(await other.createAnswer())
    await until(() => other.iceGatheringState === 'complete')
    return other.localDescription
  }
  const media = new CallMedia({ way: async () => ({}), send, seats: 1 })
"""


def test_a_camera_that_was_switched_off_while_it_opened_stays_off(page: Page):
    told = played(
        page,
        MEDIA,
        """
        holds.add('pick up')
        media.start({ stream: new MediaStream() })
        await isAsked('pick up')
        holds.add('camera')
        media.setCamera(true)
        await isAsked('camera')
        await media.setCamera(false)
        await letGo('camera')
        const { readyState } = cameras[0].getTracks()[0]
        media.stop()
        return [readyState, media.cameraOn, cameras.length]
        """,
    )

    assert told == ["ended", False, 1]


def test_a_network_that_changes_while_it_rings_costs_no_call(page: Page):
    told = played(
        page,
        MEDIA,
        """
        holds.add('pick up')
        const started = media.start({ stream: new MediaStream() })
        await isAsked('pick up')
        window.dispatchEvent(new Event('online'))
        await until(() => held.get('pick up').length === 2)
        await letGo('pick up')
        await started
        return [sent, media.state]
        """,
    )

    assert told == [["call.rejoin"], "live"]


# --- the citizen's conversation ------------------------------------------------------------------------

CHAT = """
  const { ChatSession } = await import('/static/js/lib/chat_session.js')
  const log = []
  const notice = (text) => {
    log.push({ sequence: log.length + 1, kind: 'notice', body: { text }, at: '2026-11-26T09:00:00Z' })
    return log.at(-1)
  }
  let failures = 0
  const api = {
    transcript: async (_, after) => {
      if (failures > 0) {
        failures -= 1
        throw new ConnectionError('cut')
      }
      return answer('log', { events: log.slice(after) })
    },
    watching: () => ({ url: '', protocols: [] }),
  }
  const known = { conversation: { id: 'c', token: 't' } }
  const memory = { read: (name) => known[name] ?? null, write: () => {} }
  const session = new ChatSession({ api, memory })
  Object.defineProperty(session.live, 'isOpen', { get: () => true })
  session.live.start = () => {}
  const tell = (type, detail) => session.live.dispatchEvent(new CustomEvent(type, { detail }))
"""


def test_what_is_told_while_the_transcript_is_on_its_way_is_there_afterwards(page: Page):
    assert (
        played(
            page,
            CHAT,
            """
            notice('第一条')
            failures = 1
            await session.open()
            holds.add('log')
            tell('state', 'open')
            await isAsked('log')
            tell('news', notice('第二条'))
            await letGo('log')
            return session.timeline.lastSequence
            """,
        )
        == 2
    )


def test_a_transcript_that_cannot_be_had_with_a_connection_open_is_asked_for_again(page: Page):
    assert (
        played(
            page,
            CHAT,
            """
            notice('第一条')
            failures = 2
            await session.open()
            tell('state', 'open')
            await until(() => session.timeline.lastSequence === 1)
            tell('news', notice('第二条'))
            return session.timeline.lastSequence
            """,
        )
        == 2
    )


# --- papers ----------------------------------------------------------------------------------------------


def test_a_signature_that_was_declined_while_an_older_look_was_on_its_way_stays_so(page: Page):
    shown = played(
        page,
        """
        const { openPaper } = await import('/static/js/components/paper-sheet.js')
        const data = new TextEncoder().encode('paper')
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data))
        const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
        const named = { signature_id: 's', subject: 'file', file_id: 'f', title: '申请表' }
        const request = { ...named, document_sha256: sha256 }
        let state = 'asked'
        const live = new EventTarget()
        """,
        """
        holds.add('file')
        openPaper({ kind: 'signature', id: 's' }, {
          side: 'agent',
          live,
          ask: async () => ({ ...request, state }),
          fetchFile: () => answer('file', new Blob([data], { type: 'application/pdf' })),
          explain: String,
        })
        await isAsked('file')
        state = 'declined'
        const detail = { kind: 'signature', body: { signature_id: 's', state } }
        live.dispatchEvent(new CustomEvent('news', { detail }))
        await until(() => held.get('file').length === 2)
        const [older, newer] = held.get('file')
        newer()
        await until(() => document.querySelector('.paper').textContent.includes('市民没有签'))
        older()
        await moment(50)
        return document.querySelector('.paper').textContent
        """,
    )

    assert "市民没有签" in shown
    assert "等待中" not in shown
