"""From WeChat to the page: who WeChat says it is gets their own conversation, whatever link they hold."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs

from connectors.wechat import oauth
from connectors.wechat.rendering import CALL_PAGE, CHAT_PAGE, VIDEO_PAGE
from connectors.wechat.tickets import make_ticket
from core.clock import utc_now
from core.messages import BotReply, HandoverWish, ReplyMessage
from core.ports import User
from core.statuses import AgentState, HandoverMode, Role, TurnStatus
from server import keys
from server.routes_wechat import is_own_page
from server.wechat_entry import CHAT, COOKIE, VIDEO
from server.wechat_links import WeChatLinks
from tests.fakes import ScriptedEngine
from tests.server.conftest import assert_canonical_error
from tests.server.desk_api import HASHED
from tests.server.desk_world import FakeMedia
from tests.server.wechat_world import ACCOUNT, wechat_world
from tests.waiting import comes_true
from tests.wechat_platform.api import PHONE_COOKIE
from tests.wechat_platform.faults import ANSWER_LOST, ApiFault
from video.call import CallMode, Party

IN_WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN"
)
CONVERSATION_COOKIE = "bangban_conversation"


class Phone:
    """The browser in a citizen's WeChat; without a citizen, one that WeChat doesn't know."""

    def __init__(self, world, citizen=None) -> None:
        self.world, self.citizen = world, citizen
        self.session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"User-Agent": IN_WECHAT}
        )
        if citizen is not None:
            self.session.cookie_jar.update_cookies({PHONE_COOKIE: citizen.openid})

    @property
    def base(self) -> str:
        return str(self.world.service.client.make_url("")).rstrip("/")

    async def opens(self, address: str, **more):
        """The page at the end of all redirects."""
        url = address if "://" in address else self.base + address
        async with self.session.get(url, **more) as response:
            return Opened(response, await response.text())

    async def goes_as_far_as_back(self, address: str) -> str:
        """The address with which WeChat leads back, not followed yet."""
        sent = await self.opens(address, allow_redirects=False)
        led = await self.opens(sent.location, allow_redirects=False)
        return led.location

    def has_cookies(self, cookies: dict[str, str]) -> None:
        """Of the way to WeChat and back."""
        way = self.world.service.client.make_url(f"/wechat/{ACCOUNT}/enter")
        self.session.cookie_jar.update_cookies(cookies, way)

    @property
    def conversation_id(self) -> str:
        cookie = next(c for c in self.session.cookie_jar if c.key == CONVERSATION_COOKIE)
        return cookie.value.partition(".")[0]

    @property
    def remembers_a_conversation(self) -> bool:
        return any(c.key == CONVERSATION_COOKIE for c in self.session.cookie_jar)


class Opened:
    """A page, as the browser has it."""

    def __init__(self, response: aiohttp.ClientResponse, text: str) -> None:
        self.status, self.text, self.headers = response.status, text, response.headers
        self.location = response.headers.get("Location", "")
        self.address = self._relative(str(response.real_url))
        self.way = [self._relative(str(each.real_url)) for each in response.history]

    def _relative(self, url: str) -> str:
        parts = urlsplit(url)
        return parts._replace(scheme="", netloc="").geturl()

    def says(self, *words: str) -> bool:
        return self.headers["Content-Type"].startswith("text/html") and all(w in self.text for w in words)


@pytest.fixture
async def world(settings):
    async with wechat_world(settings, parts={"media": FakeMedia()}) as made:
        yield made


@pytest.fixture
async def start_phone(world):
    phones = []

    def start(citizen=None) -> Phone:
        phones.append(Phone(world, citizen))
        return phones[-1]

    yield start
    for phone in phones:
        await phone.session.close()


async def asked(world, text="身份证丢了怎么补办"):
    citizen = world.citizen()
    await citizen.says(text)
    return citizen


def link(world, citizen, page=CHAT_PAGE) -> str:
    return urlsplit(world.account.links.link_for(citizen.openid)(page)).path


async def conversation_of(world, citizen) -> str:
    return (await world.known(citizen)).conversation_id


# --- the own link ------------------------------------------------------------------------------------


async def test_a_link_opens_the_conversation_that_goes_on_in_wechat(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    opened = await phone.opens(link(world, citizen))

    assert (opened.status, opened.address) == (200, "/#latest")
    assert opened.says("身份证丢了怎么补办", "您说的是：身份证丢了怎么补办")
    assert phone.conversation_id == await conversation_of(world, citizen)


async def test_what_is_asked_on_the_page_is_in_the_same_log(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    await phone.opens(link(world, citizen))
    async with phone.session.post(
        phone.base + "/", data={"text": "要带什么", "client_message_id": "m1"}
    ) as sent:
        assert sent.status == 200

    said = [e.body["text"] for e in await world.log_of(citizen) if e.kind == "citizen_message"]
    assert said == ["身份证丢了怎么补办", "要带什么"]


async def test_a_link_for_video_opens_the_page_on_that_offer(world, start_phone):
    citizen = await asked(world)
    back = await start_phone(citizen).goes_as_far_as_back(link(world, citizen, VIDEO_PAGE))

    assert "state=" in back
    phone = start_phone(citizen)
    sent = await phone.goes_as_far_as_back(link(world, citizen, VIDEO_PAGE))
    opened = await phone.opens(sent, allow_redirects=False)
    assert (opened.status, opened.location) == (303, "/#video")


VIDEO_PLEASE = BotReply(
    TurnStatus.WAITING_FOR_AGENT, (ReplyMessage("好"),), handover=HandoverWish(HandoverMode.VIDEO)
)


@pytest.mark.parametrize("ways", [("words", "menu"), ("menu", "words")])
async def test_who_asks_for_video_gets_a_card_each_time_that_opens_the_page_on_it(settings, ways):
    engine = ScriptedEngine({"我要视频": VIDEO_PLEASE})
    async with wechat_world(settings, engine=engine) as world:
        citizen = world.citizen()
        for count, way in enumerate(ways, start=1):
            await (citizen.says("我要视频") if way == "words" else citizen.clicks("video"))
            await comes_true(lambda wanted=count: len(cards_of(citizen)) == wanted)
        phone = Phone(world, citizen)
        places = []
        for card in cards_of(citizen):
            back = await phone.goes_as_far_as_back(card.url)
            places.append((await phone.opens(back, allow_redirects=False)).location)
        await phone.session.close()

    assert places == ["/#video", "/#video"]
    assert ["视频帮办" in text for text in citizen.texts] == [True, True]
    assert "已经登记过" in citizen.texts[1]


def cards_of(citizen):
    return [each for each in citizen.seen if each.kind == "news"]


async def test_a_link_to_a_call_opens_the_call_that_is_on_and_else_the_conversation(world, start_phone):
    citizen = await asked(world)
    nothing_on = await start_phone(citizen).opens(link(world, citizen, CALL_PAGE))
    call_id = await ring(world, citizen, CallMode.AUDIO)
    ringing = await start_phone(citizen).opens(link(world, citizen, CALL_PAGE))

    assert nothing_on.address == "/#latest"
    assert ringing.way[-1].startswith(f"/wechat/{ACCOUNT}/entered?")
    assert ringing.address == f"/call/{call_id}?mode=audio"
    assert ringing.says(f'data-conversation="{await conversation_of(world, citizen)}"')


async def ring(world, citizen, mode) -> str:
    app = world.service.app
    agent = User("li.min", Role.AGENT, HASHED)
    await app[keys.STORES].users.add(agent)
    await app[keys.DESK].set_state(agent, AgentState.AVAILABLE)
    conversation_id = await conversation_of(world, citizen)
    wish = HandoverWish(HandoverMode.VIDEO)
    await app[keys.CONVERSATIONS].request_person(conversation_id, wish)
    handover = await app[keys.STORES].desk.open_handover(conversation_id)
    await app[keys.DESK].accept(agent, handover.handover_id)
    call = await app[keys.CALLS].begin(conversation_id, Party.AGENT, mode)
    return call.call_id


async def test_a_link_works_as_what_it_is_once_and_then_opens_the_conversation(world, start_phone):
    citizen = await asked(world)
    path = link(world, citizen, VIDEO_PAGE)
    first = await start_phone(citizen).goes_as_far_as_back(path)
    phone = start_phone(citizen)
    once = await phone.opens(await phone.goes_as_far_as_back(path), allow_redirects=False)
    again = start_phone(citizen)
    twice = await again.opens(await again.goes_as_far_as_back(path), allow_redirects=False)

    assert first  # who goes only half the way uses nothing up
    assert (once.location, twice.location) == ("/#video", "/#latest")
    assert again.conversation_id == await conversation_of(world, citizen)


async def test_an_expired_link_opens_the_conversation(world, start_phone):
    citizen = await asked(world)
    key = world.service.app[keys.SECRETS].links
    earlier = WeChatLinks(ACCOUNT, "http://x", key, lambda: utc_now() - timedelta(hours=49))
    path = urlsplit(earlier.link_for(citizen.openid)(VIDEO_PAGE)).path
    phone = start_phone(citizen)
    opened = await phone.opens(await phone.goes_as_far_as_back(path), allow_redirects=False)

    assert opened.location == "/#latest"
    assert phone.conversation_id == await conversation_of(world, citizen)


async def test_who_wrote_nothing_yet_gets_a_conversation_that_wechat_goes_on_with(world, start_phone):
    citizen = world.citizen()
    phone = start_phone(citizen)
    opened = await phone.opens(f"/wechat/{ACCOUNT}/enter?to=chat")
    await citizen.says("你好")

    assert opened.status == 200
    assert phone.conversation_id == await conversation_of(world, citizen)


@pytest.mark.parametrize(
    ("to", "address"),
    [("chat", CHAT), ("video", VIDEO), ("", CHAT), ("call", CHAT), ("?<x>", CHAT)],
)
async def test_an_entry_of_the_menu_opens_its_page_as_often_as_one_likes(world, start_phone, to, address):
    phone = start_phone(await asked(world))
    for _ in range(2):
        back = await phone.goes_as_far_as_back(f"/wechat/{ACCOUNT}/enter?to={to}")
        opened = await phone.opens(back, allow_redirects=False)
        assert opened.location == address


# --- others' links -----------------------------------------------------------------------------------


async def test_who_opens_somebody_elses_link_gets_their_own_conversation_and_reads_why(world, start_phone):
    citizen, other = await asked(world), await asked(world, "居住证怎么办")
    path = link(world, citizen, VIDEO_PAGE)
    phone = start_phone(other)
    opened = await phone.opens(path)

    assert opened.says("这个链接是发给别人的", "居住证怎么办")
    assert "身份证丢了" not in opened.text
    assert phone.conversation_id == await conversation_of(world, other)
    theirs = start_phone(citizen)  # it isn't used up
    back = await theirs.goes_as_far_as_back(path)
    assert (await theirs.opens(back, allow_redirects=False)).location == "/#video"


async def test_a_link_of_another_account_or_service_is_somebody_elses(world, start_phone):
    citizen = await asked(world)
    expires = int(utc_now().timestamp()) + 600
    for key, account in ((world.service.app[keys.SECRETS].links, "other"), (b"x" * 32, ACCOUNT)):
        ticket = make_ticket(
            key, account=account, openid=citizen.openid, page=CHAT_PAGE, nonce=b"n" * 9, expires_at=expires
        )
        opened = await start_phone(citizen).opens(f"/wechat/{ACCOUNT}/enter/{ticket}")
        assert opened.says("这个链接是发给别人的", "身份证丢了怎么补办")


async def test_the_page_says_only_what_it_knows_about_how_somebody_came(world):
    response = await world.service.client.get("/?told=您中奖了")

    assert "您中奖了" not in await response.text()


@pytest.mark.parametrize("ticket", ["x", "A" * 39, "A" * 41, "身份证", "a.b"])
async def test_a_link_that_was_cut_short_offers_the_own_conversation(world, start_phone, ticket):
    opened = await start_phone(await asked(world)).opens(f"/wechat/{ACCOUNT}/enter/{ticket}")

    assert opened.status == 400
    assert opened.says("链接不完整", f'href="/wechat/{ACCOUNT}/enter?to=chat"')


async def test_what_is_written_as_a_ticket_and_names_no_page_is_no_link_either(world, start_phone):
    opened = await start_phone(await asked(world)).opens(f"/wechat/{ACCOUNT}/enter/{'_' * 40}")

    assert opened.says("链接不完整")


# --- the state ---------------------------------------------------------------------------------------


async def test_the_way_to_wechat_asks_for_the_openid_only_and_carries_no_ticket(world, start_phone):
    citizen = await asked(world)
    path = link(world, citizen)
    sent = await start_phone(citizen).opens(path, allow_redirects=False)
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent.location).query).items()}

    assert query["scope"] == "snsapi_base"
    assert urlsplit(query["redirect_uri"]).path == f"/wechat/{ACCOUNT}/entered"
    assert path.rpartition("/")[2] not in sent.location
    assert re.fullmatch("[0-9a-z]{1,128}", query["state"])


async def test_the_cookie_of_the_way_is_short_lived_and_out_of_reach_of_scripts_and_other_sites(
    world, start_phone
):
    citizen = await asked(world)
    sent = await start_phone(citizen).opens(link(world, citizen), allow_redirects=False)
    cookie = sent.headers["Set-Cookie"]

    assert cookie.startswith(COOKIE)
    for part in ("HttpOnly", "SameSite=Lax", f"Path=/wechat/{ACCOUNT}", "Max-Age=600"):
        assert part in cookie


async def test_on_https_all_cookies_are_secure(settings):
    async with wechat_world(settings) as world:
        # What the settings say, whatever the connection to a proxy is.
        world.service.app[keys.SETTINGS].__dict__["public_url"] = "https://bangban.example"
        citizen = world.citizen()
        response = await world.service.client.get(link(world, citizen), allow_redirects=False)

    assert "Secure" in response.headers["Set-Cookie"]


async def test_another_browser_cannot_come_back_with_a_state(world, start_phone):
    """Nobody is led into a stranger's conversation by a prepared address."""
    citizen, other = await asked(world), await asked(world)
    back = await start_phone(other).goes_as_far_as_back(f"/wechat/{ACCOUNT}/enter?to=chat")
    phone = start_phone(citizen)
    opened = await phone.opens(back)

    assert opened.status == 403
    assert opened.says("链接已失效", "重新点开链接", f'href="/wechat/{ACCOUNT}/enter?to=chat"')
    assert not phone.remembers_a_conversation


@pytest.mark.parametrize("state", ["", "x", "0" * 106, "身" * 106])
async def test_a_state_that_nobody_made_is_refused(world, start_phone, state):
    opened = await start_phone(await asked(world)).opens(f"/wechat/{ACCOUNT}/entered?code=c&state={state}")

    assert opened.status == 403
    assert opened.says("链接已失效")


async def test_the_cookie_cannot_be_changed_to_another_ticket(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    back = await phone.goes_as_far_as_back(f"/wechat/{ACCOUNT}/enter?to=chat")
    cookie = next(c for c in phone.session.cookie_jar if c.key.startswith(COOKIE))
    phone.has_cookies({cookie.key: cookie.value.replace("chat", "video")})
    opened = await phone.opens(back)

    assert opened.status == 403


async def test_several_links_can_be_on_their_way_at_once(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    backs = [await phone.goes_as_far_as_back(link(world, citizen, page)) for page in (VIDEO_PAGE, CHAT_PAGE)]
    opened = [await phone.opens(back, allow_redirects=False) for back in backs]

    assert [each.location for each in opened] == ["/#video", "/#latest"]


async def test_a_double_tap_opens_the_page_both_times(world, start_phone):
    citizen = await asked(world)
    path = link(world, citizen, VIDEO_PAGE)
    phone = start_phone(citizen)
    backs = [await phone.goes_as_far_as_back(path) for _ in range(2)]
    cookies = list(phone.session.cookie_jar)
    places = []
    for back in backs:  # both were under way with the cookie before either was answered
        phone.has_cookies({c.key: c.value for c in cookies})
        places.append((await phone.opens(back, allow_redirects=False)).location)

    assert places == ["/#video", "/#video"]


# --- what may fail -----------------------------------------------------------------------------------


async def test_a_page_that_wechat_asks_for_twice_opens_all_the_same(world, start_phone):
    """WeChat's browser is known to load the address with the code twice; the second code is used then."""
    citizen = await asked(world)
    phone = start_phone(citizen)
    back = await phone.goes_as_far_as_back(link(world, citizen, VIDEO_PAGE))
    cookies = {c.key: c.value for c in phone.session.cookie_jar}
    await phone.opens(back, allow_redirects=False)
    phone.has_cookies(cookies)
    opened = await phone.opens(back)

    assert opened.status == 200
    assert opened.address == "/#video"
    assert len(opened.way) == 3  # once more to WeChat and back


async def test_a_code_that_is_refused_again_is_the_end(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    world.platform.faults.next_calls("oauth2", *[ApiFault("refused", errcode=40163)] * 2)
    opened = await phone.opens(link(world, citizen))

    assert opened.status == 403
    assert opened.says("链接已失效", "再试一次")
    assert not phone.remembers_a_conversation


async def test_who_comes_back_without_a_code_reads_that_nothing_was_opened(world, start_phone):
    phone = start_phone(await asked(world))
    back = await phone.goes_as_far_as_back(f"/wechat/{ACCOUNT}/enter?to=video")
    opened = await phone.opens(re.sub("code=[^&]*", "code=", back))

    assert opened.status == 403
    assert opened.says("没有打开您的对话", f'href="/wechat/{ACCOUNT}/enter?to=video"')


async def test_wechat_that_does_not_answer_is_told_with_a_way_on(world, start_phone):
    citizen = await asked(world)
    path = link(world, citizen)
    world.platform.faults.next_calls("oauth2", ApiFault(ANSWER_LOST))
    failed = await start_phone(citizen).opens(path)
    opened = await start_phone(citizen).opens(path)

    assert failed.status == 503
    assert failed.says("没有打开", "再试一次", f'href="{path}"', 'href="tel:')
    assert opened.address == "/#latest"


async def test_outside_wechat_one_is_told_to_open_it_in_wechat(settings):
    async with wechat_world(settings, wechat={"authorize_url": oauth.AUTHORIZE_URL}) as world:
        path = f"/wechat/{ACCOUNT}/enter?to=video"
        outside = await world.service.client.get(path, allow_redirects=False)
        inside = await world.service.client.get(
            path, headers={"User-Agent": IN_WECHAT}, allow_redirects=False
        )
        text = await outside.text()

    assert outside.status == 403
    assert "请在微信里打开" in text
    assert "再试一次" not in text
    assert inside.headers["Location"].startswith(oauth.AUTHORIZE_URL)


@pytest.mark.parametrize("path", ["enter?to=chat", "enter/" + "A" * 40, "entered?code=c&state=s"])
async def test_an_account_that_is_not_ours_is_no_page(world, start_phone, path):
    opened = await start_phone(await asked(world)).opens(f"/wechat/nobody/{path}")

    assert opened.status == 404
    assert opened.says("没有这个公众号")
    assert "再试一次" not in opened.text


async def test_one_address_is_held_back_when_it_comes_too_often(settings):
    async with wechat_world(settings, rate_entries_per_minute=2) as world:
        seen = [
            await world.service.client.get(
                f"/wechat/{ACCOUNT}/enter?to=chat",
                headers={"X-Forwarded-For": "203.0.113.7"},
                allow_redirects=False,
            )
            for _ in range(3)
        ]
        text = await seen[-1].text()

    assert [each.status for each in seen] == [303, 303, 429]
    assert int(seen[-1].headers["Retry-After"]) > 0
    assert "打开得太频繁" in text


async def test_a_hall_whose_citizens_share_one_address_is_not_held_back(world):
    async def enters() -> int:
        response = await world.service.client.get(
            f"/wechat/{ACCOUNT}/enter?to=chat",
            headers={"X-Forwarded-For": "203.0.113.7"},
            allow_redirects=False,
        )
        return response.status

    assert {await enters() for _ in range(400)} == {303}


async def test_a_look_ahead_of_a_link_scanner_opens_nothing(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    back = await phone.goes_as_far_as_back(link(world, citizen, VIDEO_PAGE))
    async with phone.session.head(back) as looked:
        assert looked.status == 405
    opened = await phone.opens(back, allow_redirects=False)

    assert opened.location == "/#video"


# --- what stays secret -------------------------------------------------------------------------------


async def test_no_page_address_or_log_has_the_openid_ticket_code_or_token(world, start_phone):
    citizen, other = await asked(world), await asked(world)
    path = link(world, citizen, VIDEO_PAGE)
    phone = start_phone(citizen)
    with capture_logs() as logged:
        back = await phone.goes_as_far_as_back(path)
        pages = [
            await phone.opens(back),
            await start_phone(other).opens(path),
            await start_phone(other).opens(back),
        ]
    told = "".join(page.text + page.address + "".join(page.way) for page in pages)
    code = parse_qs(urlsplit(back).query)["code"][0]

    assert citizen.openid not in told + back + path
    for secret in (citizen.openid, other.openid, path.rpartition("/")[2], code, phone.conversation_id):
        assert secret not in repr(logged)
    routes = {line["route"] for line in logged if line["event"] == "request"}
    assert routes == {"/wechat/{account}/enter/{ticket}", "/wechat/{account}/entered", "/"}


async def test_nothing_on_the_way_is_kept_by_a_cache_or_may_use_the_camera(world, start_phone):
    citizen = await asked(world)
    phone = start_phone(citizen)
    sent = await phone.opens(link(world, citizen), allow_redirects=False)
    led = await phone.opens(sent.location, allow_redirects=False)
    back = await phone.opens(led.location, allow_redirects=False)
    failed = await phone.opens(led.location)

    for each in (sent, back, failed):
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in each.headers["Permissions-Policy"]
        assert "script-src 'self'" in each.headers["Content-Security-Policy"]


# --- the JS-SDK --------------------------------------------------------------------------------------


async def test_a_page_of_ours_gets_what_the_sdk_wants(world):
    base = str(world.service.client.make_url("")).rstrip("/")
    response, config = await world.service.call(
        "GET", f"/wechat/{ACCOUNT}/page-config", params={"url": f"{base}/?told=x#latest"}
    )

    assert response.status == 200
    assert config["appId"] == world.platform.account.settings.app_id
    assert re.fullmatch("[0-9a-f]{40}", config["signature"])
    assert world.platform.account.ticket[0] not in repr(config)
    assert response.headers["Cache-Control"] == "no-store"


async def test_other_pages_get_no_signature(world):
    for url in ("", "https://evil.example/", "http://127.0.0.1/", "javascript:alert(1)"):
        response, data = await world.service.call(
            "GET", f"/wechat/{ACCOUNT}/page-config", params={"url": url}
        )
        assert_canonical_error(response, data, 400, "invalid_input")
    response, data = await world.service.call("GET", "/wechat/nobody/page-config", params={"url": ""})
    assert_canonical_error(response, data, 404, "not_found")


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("https://bangban.example/", True),
        ("https://bangban.example", True),
        ("https://bangban.example/call/1?mode=audio", True),
        ("http://bangban.example/", False),
        ("https://bangban.example:444/", False),
        ("https://bangban.example.evil.example/", False),
        ("https://x@bangban.example/", False),
        ("https://bangban.example@evil.example/", False),
        ("https://evil.example/?https://bangban.example/", False),
        ("https://bangban.example/\n", False),
        ("//bangban.example/", False),
        ("https://[bangban", False),
        ("https://bangban.example/" + "x" * 2000, False),
    ],
)
def test_own_pages_are_those_below_the_services_address(url, is_own):
    assert is_own_page(url, "https://bangban.example") == is_own


def test_below_a_path_only_that_is_ours():
    assert is_own_page("https://city.example/bangban/?x", "https://city.example/bangban/")
    assert not is_own_page("https://city.example/bangbanx", "https://city.example/bangban/")


async def test_pages_of_the_sdk_are_limited_too(settings):
    async with wechat_world(settings, rate_entries_per_minute=1) as world:
        answers = [
            await world.service.call(
                "GET", f"/wechat/{ACCOUNT}/page-config", headers={"X-Forwarded-For": "203.0.113.7"}
            )
            for _ in range(2)
        ]

    assert [response.status for response, _ in answers] == [400, 429]
