"""What a citizen reads and hears before a call is recorded, and the version that their answer names.

Owns the text. The version ends in a part of the text's own hash, so that no word can change without
the version changing too: whoever is asked later what a citizen agreed to compares the two.
"""

from hashlib import sha256

EDITION = "1"

PARAGRAPHS = (
    "为保障您的权益，这次通话可以录音录像。录制内容包括参加通话各方的声音和画面，以及通话中出示的材料。",
    "录像只用于核实办理过程和处理争议，加密保存，到期自动删除。只有获得授权的人员可以查看，每次查看都有记录。",
    "您可以不同意录制，通话照常进行，不影响办事。录制中您随时可以要求停止。",
    "为检查服务质量，主管可能旁听通话，旁听都有记录。",
)


NOTICE = (
    "这次通话不录音录像。声音和画面在您和工作人员的浏览器之间加密直传，不经过我们的服务器，也没有其他人能看到、听到。",
    "直传时双方的浏览器会知道对方的网络地址。我们只记下通话的时间、方式和网络质量。",
    "文字交流和您发送的材料照常保存在这次咨询里。",
)
"""What is said instead where calls go from browser to browser and are never recorded."""


def consent_text() -> str:
    """All of it, as it is read aloud and as it is kept."""
    return "\n".join(PARAGRAPHS)


def consent_version() -> str:
    """The version that is noted with an answer, for example `1-3f9c2a7b`."""
    return f"{EDITION}-{sha256(consent_text().encode()).hexdigest()[:8]}"


def notice_version() -> str:
    """The version of `NOTICE`, for example `direct-1-3f9c2a7b`."""
    return f"direct-{EDITION}-{sha256(_notice_text().encode()).hexdigest()[:8]}"


def text_of(version: str) -> str | None:
    """The text of that version, if it is one of today's."""
    return {consent_version(): consent_text(), notice_version(): _notice_text()}.get(version)


def _notice_text() -> str:
    return "\n".join(NOTICE)
