"""On a full disk nothing is lost in silence: what can't be kept is refused in words."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.scenarios.conftest import ScriptedService
from tests.scenarios.small_disk import fill, mounted

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def service(disk: Path) -> Iterator[ScriptedService]:
    # Only the disk is to refuse anything, however fast the machine says its forty sentences.
    service = ScriptedService(disk / "var", rate_messages_per_minute=600).start()
    yield service
    service.stop()


def test_what_a_full_disk_cannot_keep_is_refused_in_words(service, disk):
    talk = service.talk()
    talk.say("你好")
    fill(disk, leave_mb=0)

    photo = {"file": ("photo.png", a_photo(), "image/png")}
    upload = talk.ask("POST", "files", files=photo)
    texts = [
        talk.ask("POST", "messages", json={"text": f"第{number}句 {'长' * 400}"}) for number in range(40)
    ]

    assert upload.status_code in {503, 507}, upload.text
    assert upload.json()["error"]["message"]
    refused = [answer for answer in texts if not answer.ok]
    assert refused
    assert all(answer.json()["error"]["message"] for answer in refused)
    (disk / "filler").unlink()
    said = [event["body"]["text"] for event in talk.events() if event["kind"] == "citizen_message"]
    for number, answer in enumerate(texts):
        if answer.ok:  # acknowledged, so it is there
            assert any(text.startswith(f"第{number}句") for text in said)
    assert talk.say("谢谢")["status"]  # and all goes on where there is room again


def a_photo() -> bytes:
    content = io.BytesIO()
    noise = random.Random(1).randbytes(600 * 400 * 3)
    Image.frombytes("RGB", (600, 400), noise).save(content, "PNG")
    return content.getvalue()
