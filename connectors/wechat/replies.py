"""Passive replies: the XML that answers a push within five seconds, free of quota. Pure.

Rule: 「被动回复用户消息」, see README.md. An answer that is no reply is `SUCCESS`: WeChat then tries no
more and shows nothing.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from connectors.wechat.pushes import Message, Push

SUCCESS: Final = "success"
"""Stops WeChat's retries without saying anything to the user."""

MOST_ARTICLES: Final = 8
MOST_ARTICLES_TO_A_MESSAGE: Final = 1

# What XML 1.0 has no place for, in no spelling.
_NO_CHARACTERS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class TextReply:
    """Words; line breaks and `<a href="…">` are shown as such."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImageReply:
    """A picture that was uploaded to WeChat."""

    media_id: str


@dataclass(frozen=True, slots=True)
class Article:
    """A card that opens a page."""

    title: str
    description: str
    url: str = field(repr=False)
    picture_url: str = ""


@dataclass(frozen=True, slots=True)
class NewsReply:
    """Cards: one in answer to a user's message, up to eight in answer to an event."""

    articles: tuple[Article, ...]


Reply = TextReply | ImageReply | NewsReply


def render(reply: Reply, push: Push, now: int) -> str:
    """The XML of a reply to that push. Raises ValueError for more cards than WeChat would show.

    In the modes that encrypt, give it to `seal_reply`.
    """
    kind, content = _content(reply, push)
    return (
        f"<xml><ToUserName>{_quoted(push.openid)}</ToUserName>"
        f"<FromUserName>{_quoted(push.account_id)}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType>{_quoted(kind)}</MsgType>{content}</xml>"
    )


def _content(reply: Reply, push: Push) -> tuple[str, str]:
    match reply:
        case TextReply():
            return "text", f"<Content>{_quoted(reply.text)}</Content>"
        case ImageReply():
            return "image", f"<Image><MediaId>{_quoted(reply.media_id)}</MediaId></Image>"
        case NewsReply():
            most = MOST_ARTICLES_TO_A_MESSAGE if isinstance(push, Message) else MOST_ARTICLES
            if not 1 <= len(reply.articles) <= most:
                raise ValueError(f"between 1 and {most} articles can be shown")
            items = "".join(map(_item, reply.articles))
            count = f"<ArticleCount>{len(reply.articles)}</ArticleCount>"
            return "news", f"{count}<Articles>{items}</Articles>"


def _item(article: Article) -> str:
    return (
        f"<item><Title>{_quoted(article.title)}</Title>"
        f"<Description>{_quoted(article.description)}</Description>"
        f"<PicUrl>{_quoted(article.picture_url)}</PicUrl><Url>{_quoted(article.url)}</Url></item>"
    )


def _quoted(text: str) -> str:
    """The text as a CDATA section; one that holds the end of such a section becomes two."""
    allowed = _NO_CHARACTERS.sub("", text)
    return f"<![CDATA[{allowed.replace(']]>', ']]]]><![CDATA[>')}]]>"
