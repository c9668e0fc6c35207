"""What the answers of an account's address and of WeChat mean, for the operator. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from connectors.wechat.api import WeChatSilent
from connectors.wechat.client import CheckedStep
from connectors.wechat.envelope import Mode
from connectors.wechat.error_codes import IpNotListed, WeChatRefusal
from connectors.wechat.replies import SUCCESS
from core.errors import ConfigurationError
from core.wechat_settings import WeChatAccountSettings
from server.wechat_probe import MOST_SECONDS, Answer, Obstacle, Unreached

CONSOLE: Final = "微信开发者平台（developers.weixin.qq.com/platform）「我的业务 → 服务号 → 基础信息」"
SECRET_PAGE: Final = f"{CONSOLE}的「开发密钥」"
ACCOUNT_PAGE: Final = "公众平台（mp.weixin.qq.com）「设置与开发 → 账号设置 → 功能设置」"

_MOST_SHOWN: Final = 200
_BLANK: Final = b"\xef\xbb\xbf \r\n\t"

SLOW_SECONDS: Final = 5.0
WORTH_SAYING_SECONDS: Final = 30


class Sign(StrEnum):
    """How a step went."""

    WELL = "✓"
    LOOK = "？"  # somebody has to look: nobody can ask
    WRONG = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step showed, and what to do about it."""

    sign: Sign
    step: str
    told: str
    advice: str = ""


def of_address(public_url: str) -> Finding:
    """Whether WeChat can call that address, by its looks."""
    step, parts = "公网地址", urlsplit(public_url)
    host = parts.hostname or ""
    try:
        port = parts.port
    except ValueError:
        port = -1
    wrong = ""
    if parts.scheme != "https":
        wrong = "要以 https:// 开头：菜单和网页要用 HTTPS，摄像头也只在 HTTPS 网页里能用"
    elif not host or parts.username or parts.query or parts.fragment:
        wrong = "要写成 https://域名 这样"
    elif port not in (None, 443):
        wrong = "不能带端口：微信只访问 443 端口，网页授权域名也不能带端口"
    elif parts.path not in ("", "/"):
        wrong = "不能带路径：请给帮办一个单独的域名"
    elif is_ip(host) or "." not in host:
        wrong = "要用备案过的域名：网页授权域名不能是 IP 地址或内部名字"
    if wrong:
        return Finding(Sign.WRONG, step, f"{public_url} 不合适", f"public_url {wrong}。")
    return Finding(Sign.WELL, step, f"{public_url}")


def of_names(host: str, found: Sequence[IPv4Address | IPv6Address]) -> Finding:
    """Whether the host is known, and as one that WeChat may reach."""
    step = "域名解析"
    if not found:
        return Finding(
            Sign.WRONG, step, f"查不到 {host}", "请检查 public_url 的拼写，或请域名管理员添加解析记录。"
        )
    shown = "、".join(sorted({str(address) for address in found}))
    if not any(address.is_global for address in found):
        return Finding(
            Sign.LOOK,
            step,
            f"{host} 在这台服务器上解析到内网地址 {shown}",
            "微信从公网访问。请用手机流量打开这个域名，确认公网解析也是对的。",
        )
    return Finding(Sign.WELL, step, f"{host} 是 {shown}")


def of_check(answer: Answer | Unreached, echo: str, host: str) -> Finding:
    """How the address answered as WeChat's console asks it."""
    step = "回调地址验证"
    if isinstance(answer, Unreached):
        return _unreached(step, answer, host)
    if answer.status == 200 and answer.body == echo.encode():
        return Finding(Sign.WELL, step, "按微信的方式验证，通过")
    told, advice = "", ""
    if answer.status == 200 and answer.body.strip(_BLANK) == echo.encode():
        told, advice = "应答里多了空白或 BOM", "反向代理改动了应答内容，请去掉改写应答的配置。"
    elif answer.status == 200:
        told = "应答的不是帮办"
        advice = f"{host} 的反向代理没有把 /wechat/ 转给帮办，或前面有登录页、防护页。请核对代理配置。"
    elif answer.code == "unsigned_push":
        told = "请求到了帮办，但网址里 ? 后面的参数丢了"
        advice = "请核对反向代理：nginx 的 proxy_pass 后面不要写路径，也不要用 rewrite 去掉参数。"
    elif answer.code == "untrusted_push":
        told = "帮办不认这个签名：Token 不一样"
        advice = (
            "运行中的服务用的 Token 和现在的设置不一样：改过设置请重启服务，几个副本的设置要一样。"
            "如果下面「时钟」一项不对，先校准时钟。"
        )
    return Finding(Sign.WRONG, step, told, advice) if told else _odd(step, answer, host)


def of_push(answer: Answer | Unreached, mode: Mode, host: str) -> Finding:
    """How the address took a push that WeChat could have sent."""
    step, name = f"消息推送（{MODES[mode]}）", MODES[mode]
    if isinstance(answer, Unreached):
        return _unreached(step, answer, host)
    if answer.status == 200 and answer.body == SUCCESS.encode():
        if answer.seconds >= SLOW_SECONDS:
            return Finding(
                Sign.WRONG,
                step,
                f"收到了，但用了 {answer.seconds:.1f} 秒",
                "微信只等 5 秒。请查看服务器和数据库是否过载，代理是否缓冲请求。",
            )
        return Finding(Sign.WELL, step, f"收到了，用时 {answer.seconds * 1000:.0f} 毫秒")
    if answer.code in ("untrusted_push", "unsigned_push"):
        return Finding(
            Sign.WRONG,
            step,
            "帮办拒收",
            f"运行中的服务的 mode、EncodingAESKey、AppID 或原始 ID 和现在的设置（{name}）不一样："
            "改过设置请重启服务。",
        )
    if answer.code == "invalid_push":
        return Finding(
            Sign.WRONG,
            step,
            "帮办解不开",
            f"运行中的服务的 EncodingAESKey 或 mode 和现在的设置（{name}）不一样，或代理改动了请求内容。"
            "改过设置请重启服务。",
        )
    return _odd(step, answer, host)


def of_forgery(answer: Answer | Unreached, host: str) -> Finding:
    """Whether a push with a wrong signature was refused."""
    step = "伪造的推送"
    if isinstance(answer, Unreached):
        return _unreached(step, answer, host)
    if answer.status == 403 and answer.code:
        return Finding(Sign.WELL, step, "签名不对的推送被拒收")
    if answer.status == 200:
        return Finding(
            Sign.WRONG, step, "签名不对也收下了", "应答的不是帮办，请核对反向代理把 /wechat/ 转到了哪里。"
        )
    return _odd(step, answer, host)


def of_entry(answer: Answer | Unreached, own: WeChatAccountSettings, back: str, host: str) -> Finding:
    """Whether who taps a link in WeChat is led to WeChat, to come back to `back`."""
    step, way = "网页入口", urlsplit("" if isinstance(answer, Unreached) else answer.leads_to)
    if isinstance(answer, Unreached):
        return _unreached(step, answer, host)
    if f"{way.scheme}://{way.netloc}{way.path}" != own.authorize_url:
        return _odd(step, answer, host)
    asked = dict(parse_qsl(way.query))
    if asked.get("appid") == own.app_id and asked.get("redirect_uri") == back:
        return Finding(Sign.WELL, step, "点链接会先由微信确认是谁，再打开网页")
    wrong = "public_url" if asked.get("appid") == own.app_id else "app_id"
    told = f"运行中的服务用的 {wrong} 和现在的设置不一样"
    return Finding(Sign.WRONG, step, told, "改过设置请重启服务，几个副本的设置要一样。")


def of_clock(theirs: datetime | None, ours: datetime, window: float) -> Finding:
    """How far our clock is from WeChat's."""
    step = "时钟"
    if theirs is None:
        return Finding(
            Sign.LOOK, step, "微信没有应答，无法比较", "请确认服务器在用 NTP 校时（timedatectl）。"
        )
    off = (ours - theirs).total_seconds()
    told = f"比微信{'快' if off > 0 else '慢'} {abs(off):.0f} 秒"
    if abs(off) >= window:
        return Finding(
            Sign.WRONG,
            step,
            told,
            f"相差 {window:.0f} 秒以上的推送都会被拒收。请启用 NTP 校时（timedatectl set-ntp true）。",
        )
    if abs(off) >= WORTH_SAYING_SECONDS:
        return Finding(Sign.LOOK, step, told, "请启用 NTP 校时（timedatectl set-ntp true）。")
    return Finding(Sign.WELL, step, "与微信一致")


def of_domains(host: str) -> Finding:
    """What only the console shows."""
    return Finding(
        Sign.LOOK,
        "网页授权域名、JS 接口安全域名",
        "微信没有查询的接口，要您自己看",
        f"在{ACCOUNT_PAGE}里，两项都应是 {host}（不带 https:// 和路径）。",
    )


def of_step(checked: CheckedStep) -> Finding:
    """A step of the client's own check."""
    if checked.error is None:
        return Finding(Sign.WELL, f"微信接口：{checked.name}", "正常")
    return of_failure(f"微信接口：{checked.name}", checked.error)


def of_failure(step: str, error: Exception) -> Finding:
    """What a call of WeChat's API failed with."""
    match error:
        case IpNotListed(address=address) if address:
            advice = f"请在{SECRET_PAGE}的「IP 白名单」里加上 {address}，几分钟后再试。"
            return Finding(Sign.WRONG, step, f"服务器的出口 IP {address} 不在白名单里", advice)
        case WeChatRefusal():
            told = f"微信返回 {error.errcode}（{error.errmsg.partition(' rid')[0]}）"
            return Finding(Sign.WRONG, step, told, error.advice)
        case ConfigurationError():
            return Finding(
                Sign.WRONG, step, "微信不认这个 AppSecret", f"请在{SECRET_PAGE}核对或重置，再改 app_secret。"
            )
    told = str(error)
    if isinstance(error, WeChatSilent):
        told = f"微信没有应答（{_SILENCES.get(error.reason, error.reason)}）"
    return Finding(
        Sign.WRONG,
        step,
        told,
        "请确认服务器能访问外网的 api.weixin.qq.com:443，设置里的 api_url 没有改错。",
    )


def is_ip(host: str) -> bool:
    """Whether that is an address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


MODES: Final = {Mode.PLAIN: "明文模式", Mode.COMPATIBLE: "兼容模式", Mode.SAFE: "安全模式"}

_SILENCES: Final = {
    "ClientConnectionError": "连接不上，或中断了",
    "ClientConnectorCertificateError": "证书有问题，出口处可能有代理",
    "ClientConnectorDNSError": "查不到域名",
    "ClientConnectorError": "连接不上",
    "TimeoutError": "超时",
    "no JSON object": "应答不是微信的，出口处可能有代理或登录页",
}

_UNREACHED: Final = {
    Obstacle.NAME: ("查不到这个域名", "请检查 public_url 的拼写和域名解析。"),
    Obstacle.CERTIFICATE: (
        "HTTPS 证书有问题",
        "微信也不会接受。请换用受信任机构签发、没有过期、与域名相符的证书，并在代理里配上完整的证书链。",
    ),
    Obstacle.TLS: ("建立不了 HTTPS 连接", "请检查代理在这个端口上启用了 HTTPS（TLS 1.2 以上）。"),
    Obstacle.REFUSED: ("连接被拒绝", "请检查帮办和反向代理都在运行，防火墙放行了这个端口。"),
    Obstacle.SILENT: (
        f"{MOST_SECONDS:.0f} 秒没有应答",
        "请检查防火墙。有些内网的服务器访问不了自己的公网地址：用手机流量打开这个域名，"
        "若能打开，就加 --url http://127.0.0.1:8080 再查一次。",
    ),
    Obstacle.BROKEN: ("连接中断", "请查看反向代理的错误日志。"),
}


def _unreached(step: str, answer: Unreached, host: str) -> Finding:
    told, advice = _UNREACHED[answer.why]
    detail = f"：{answer.detail}" if answer.detail else ""
    return Finding(Sign.WRONG, step, f"{host} {told}{detail}", advice)


def _odd(step: str, answer: Answer, host: str) -> Finding:
    """An answer that is none of ours, or not to this."""
    told = f"{host} 返回 HTTP {answer.status}"
    if 300 <= answer.status < 400:
        return Finding(
            Sign.WRONG,
            step,
            f"{told}，跳转到 {answer.leads_to.partition('?')[0][:_MOST_SHOWN] or '别处'}",
            "微信不跟随跳转。请让代理直接转发 /wechat/，不要跳转或要求登录。",
        )
    if answer.status == 404 and answer.code == "not_found":
        return Finding(
            Sign.WRONG, step, "运行中的服务没有这个账号", "设置里加了账号以后，请重启服务（每个副本都要）。"
        )
    if answer.code == "starting_up":
        return Finding(Sign.WRONG, step, "服务正在启动", "请过一会儿再查。")
    advice = {
        401: "代理要求登录，微信登录不了。请对 /wechat/ 放行。",
        403: "代理或防火墙（WAF）拦住了请求。请对 /wechat/ 放行。",
        404: "反向代理没有把 /wechat/ 转给帮办，请核对代理配置。",
        405: "代理只放行了一部分请求方法，/wechat/ 要放行 GET 和 POST。",
        413: "代理限制了请求大小，请把 client_max_body_size 设为 1m 以上。",
        502: "反向代理在运行，帮办没有。请启动服务：systemctl status bangban。",
        503: "帮办暂时不能服务，请看它的日志和 /readyz。",
        504: "帮办没有及时应答代理，请看它的日志和 /readyz。",
    }.get(answer.status, "请查看反向代理和帮办的日志。")
    return Finding(Sign.WRONG, step, told, advice)
