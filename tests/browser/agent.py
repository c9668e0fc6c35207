"""An agent at the desk: what they do, and what they get to see."""

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.fake_desk import COOKIE, FakeDeskService

WITHOUT_H264 = """
const own = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver)
RTCRtpReceiver.getCapabilities = (kind) => {
  const { codecs, ...more } = own(kind)
  return { ...more, codecs: codecs.filter(({ mimeType }) => mimeType !== 'video/H264') }
}
"""
FAKE_DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
]


class Agent:
    """Acts on the desk as a person does, by what is written and named there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("内容")

    def opens(self) -> None:
        self.page.goto("/agent")
        self.page.wait_for_selector("bb-desk:defined")

    def opens_desk(self) -> None:
        self.opens()
        self.page.get_by_role("button", name="快捷键").or_(self.page.locator(".bar")).first.wait_for()

    def looks_at(self, topic: str) -> None:
        self.page.locator(".own", has_text=topic).click()
        self.sees_heading(topic)

    def sees_heading(self, topic: str) -> None:
        expect(self.page.locator(".talk__title", has_text=topic)).to_be_visible()

    def takes_the_next(self) -> None:
        """As soon as somebody waits."""
        self.page.locator(".waiting").first.wait_for()
        self.page.keyboard.press("Alt+a")
        self.page.locator(".own[aria-current]").wait_for()

    def says(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def told(self, text: str) -> None:
        expect(self.page.get_by_role("status").filter(has_text=text).first).to_be_attached()


def sign_in(context: BrowserContext, service: FakeDeskService) -> None:
    """The browser has a session already."""
    context.add_cookies([{"name": COOKIE, "value": "session", "url": service.url}])
