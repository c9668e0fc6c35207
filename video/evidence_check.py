"""Verifies a chain of evidence, and the files that it vouches for; says in Chinese what holds. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from video.evidence import FORMAT, Entry, EvidenceKind, digest_of, is_proper, parse_line

MOST_TOLD = 20
"""Findings told one by one; a file of another kind would otherwise be a finding a line."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it is now: its length, its SHA-256, and that of any stretch `[start, start + length)`."""

    bytes: int
    sha256: str
    stretch: Callable[[int, int], str]


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """What lies in the folder under the name of a recording: stored (sealed), or as a film, or neither."""

    sealed: FileFacts | None = None
    film: FileFacts | None = None


FindFiles = Callable[[str], FoundFiles]


FindSigned = Callable[[str], FileFacts | None]
"""The file of that id: what was signed, or a signature."""


@dataclass(slots=True)
class Verdict:
    """What holds, what doesn't (`broken`), and what can't be told (`open`)."""

    holds: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.broken:
            return f"验证不通过：发现 {len(self.broken)} 处改动或损坏"
        return "验证通过，但不完整" if self.open else "验证通过：证据链完整，未被改动"


def verify(
    lines: Iterable[str],
    *,
    head: str = "",
    find_files: FindFiles | None = None,
    find_signed: FindSigned | None = None,
) -> Verdict:
    """The verdict on an exported chain; on its recordings too if `find_files` is given.

    With `find_signed` on the documents that were signed and their signatures as well. `head` is the
    digest of the chain's last entry as noted elsewhere; empty: not compared.
    """
    verdict = Verdict()
    entries = _read(lines, verdict)
    if entries is None:
        return verdict
    _check_links(entries, verdict)
    if verdict.broken:
        return verdict  # what the entries say of files can't be relied on
    _check_order(entries, verdict)
    _check_head(entries, head, verdict)
    _tell_contents(entries, verdict)
    if find_files is not None:
        _check_recordings(entries, find_files, verdict)
    elif any(entry.kind == EvidenceKind.RECORDING for entry in entries):
        verdict.open.append("没有核对录像文件（用 --recordings 指明目录）")
    signed = [entry for entry in entries if entry.kind in _SIGNED and entry.body.get("file_id")]
    if signed and find_signed is None:
        verdict.open.append("没有核对所签文件和签名（用 --files 指明目录）")
    elif find_signed is not None:
        _check_signed(signed, find_signed, verdict)
    return verdict


def _check_signed(entries: Sequence[Entry], find_signed: FindSigned, verdict: Verdict) -> None:
    for entry in entries:
        body, kind = entry.body, _NAMES[entry.kind]
        told = f"{kind}「{body['title']}」" if body.get("title") else f"第 {entry.n + 1} 条{kind}"
        file = find_signed(str(body["file_id"]))
        if file is None:
            verdict.open.append(f"{told}的文件（{body['file_id']}）不在目录中")
        elif file.sha256 == body["sha256"]:
            verdict.holds.append(f"{told}的文件与证据链一致")
        else:
            verdict.broken.append(f"{told}的文件与证据链不符：被改动或替换")


def _read(lines: Iterable[str], verdict: Verdict) -> list[Entry] | None:
    entries = []
    for number, line in enumerate(lines, start=1):
        entry = parse_line(line)
        if entry is None:
            verdict.broken.append(f"第 {number} 行不是证据条目")
            if len(verdict.broken) >= MOST_TOLD:
                break
        else:
            entries.append(entry)
    if not entries and not verdict.broken:
        verdict.broken.append("文件是空的")
    return None if verdict.broken else entries


def _check_links(entries: Sequence[Entry], verdict: Verdict) -> None:
    before = ""
    for place, entry in enumerate(entries):
        told = f"第 {place + 1} 条（{_NAMES.get(entry.kind, entry.kind)}，{entry.at}）"
        if digest_of(entry) != entry.hash:
            verdict.broken.append(f"{told}的内容与它的摘要不符，被改过")
        if entry.prev != before:
            verdict.broken.append(f"{told}与上一条接不上：有条目被删除、插入、调换或改过")
        if entry.n != place:
            verdict.broken.append(f"{told}的序号是 {entry.n}，应为 {place}")
        if not is_proper(entry.kind, entry.body):
            verdict.broken.append(f"{told}不是已知的证据，或缺少内容")
        before = entry.hash
    if len(verdict.broken) > MOST_TOLD:
        verdict.broken[MOST_TOLD:] = [f"……还有 {len(verdict.broken) - MOST_TOLD} 处"]
    if not verdict.broken:
        verdict.holds.append(f"{len(entries)} 条证据首尾相接，内容与摘要一致")


def _check_order(entries: Sequence[Entry], verdict: Verdict) -> None:
    first = entries[0]
    if first.kind != EvidenceKind.OPENED or first.body.get("format") != FORMAT:
        verdict.broken.append("开头不是证据链的第一条：前面的内容被删除")
    if any(entry.kind == EvidenceKind.OPENED for entry in entries[1:]):
        verdict.broken.append("中间出现了另一条证据链的开头")
    closed = [entry for entry in entries if entry.kind == EvidenceKind.CLOSED]
    after = entries[closed[0].n + 1 :] if closed else []
    if not closed:
        verdict.open.append("证据链没有收尾：通话未结束，或结尾被截去")
    elif closed[0].body["entries"] != closed[0].n:
        verdict.broken.append("收尾条目记的条数与实际不符")
    elif any(entry.kind != EvidenceKind.DELETED for entry in after):
        verdict.broken.append("收尾之后又加了条目")
    else:
        verdict.holds.append(f"证据链已收尾，时间 {closed[0].at}")
    late = [later for earlier, later in pairwise(entries) if later.at < earlier.at]
    if late:
        verdict.open.append(
            f"有 {len(late)} 条的时间早于上一条（服务器校过时？），首见于第 {late[0].n + 1} 条"
        )


def _check_head(entries: Sequence[Entry], head: str, verdict: Verdict) -> None:
    if not head:
        return
    wanted = head.strip().lower()
    if entries[-1].hash == wanted:
        verdict.holds.append("末条摘要与另行留存的一致")
    elif any(entry.hash == wanted for entry in entries):
        verdict.holds.append("另行留存的摘要在链中；其后又有新条目")
    else:
        verdict.broken.append("末条摘要与另行留存的不符：证据链被重做或截短")


def _tell_contents(entries: Sequence[Entry], verdict: Verdict) -> None:
    for entry in entries:
        body = entry.body
        if entry.kind == EvidenceKind.CONSENT:
            earlier = [each.body for each in entries[: entry.n] if each.kind == EvidenceKind.CONSENT]
            own = [each["agreed"] for each in earlier if each["by"] == body["by"]]
            taken_back = own[-1:] == [True] and not body["agreed"]
            said = "同意" if body["agreed"] else "撤回同意，停止" if taken_back else "不同意"
            text = f"告知文本 {body['version']}，摘要 {_short(body['text_sha256'])}"
            verdict.holds.append(f"{entry.at} {body['by']} {said}录音录像（{text}）")
        elif entry.kind == EvidenceKind.SIGNATURE:
            seen = {each.body["sha256"] for each in entries[: entry.n] if each.kind == EvidenceKind.DOCUMENT}
            if body["document_sha256"] in seen:
                did = "以输入姓名的方式确认了文件" if body.get("method") == "typed" else "签署了文件"
                verdict.holds.append(
                    f"{entry.at} {body['by']} {did}（摘要 {_short(body['document_sha256'])}）"
                )
            else:
                verdict.broken.append(f"第 {entry.n + 1} 条签名所签的文件不在链中")
    agreed = [
        entry.n for entry in entries if entry.kind == EvidenceKind.CONSENT and entry.body["agreed"] is True
    ]
    recorded = [entry.n for entry in entries if entry.kind in {EvidenceKind.SEGMENT, EvidenceKind.RECORDING}]
    if recorded and (not agreed or agreed[0] > recorded[0]):
        verdict.broken.append("录像之前没有同意的记录")


def _check_recordings(entries: Sequence[Entry], find_files: FindFiles, verdict: Verdict) -> None:
    films = [entry for entry in entries if entry.kind in {EvidenceKind.SEGMENT, EvidenceKind.RECORDING}]
    deleted = {
        entry.body["name"]: entry.body["reason"] for entry in entries if entry.kind == EvidenceKind.DELETED
    }
    for name in dict.fromkeys(entry.body["recording"] for entry in films):
        own = [entry for entry in films if entry.body["recording"] == name]
        segments = [entry.body for entry in own if entry.kind == EvidenceKind.SEGMENT]
        wholes = [entry.body for entry in own if entry.kind == EvidenceKind.RECORDING]
        files = find_files(name)
        if files.sealed is None and files.film is None:
            if name in deleted:
                verdict.holds.append(f"录像 {name} 已按规定删除（{deleted[name]}）")
            else:
                verdict.open.append(f"录像 {name} 的文件不在目录中")
            continue
        if files.sealed is not None:
            _check_sealed(name, files.sealed, segments, wholes, verdict)
        if files.film is not None:
            _check_film(name, files.film, wholes, verdict)


def _check_sealed(
    name: str,
    file: FileFacts,
    segments: Sequence[Mapping[str, Any]],
    wholes: Sequence[Mapping[str, Any]],
    verdict: Verdict,
) -> None:
    wrong = [
        index
        for index, each in enumerate(segments, start=1)
        if file.stretch(each["start"], each["length"]) != each["sha256"]
    ]
    if wrong:
        verdict.broken.append(
            f"录像 {name} 的第 {'、'.join(map(str, wrong[:MOST_TOLD]))} 段被改动、截去或损坏"
        )
    covered = sum(each["length"] for each in segments)
    if wholes and wholes[-1]["sha256"]:
        if (file.sha256, file.bytes) != (wholes[-1]["sha256"], wholes[-1]["bytes"]):
            if not wrong:
                verdict.broken.append(f"录像 {name} 与证据链不符：文件被加长或替换")
        elif not wrong:
            ended = "" if wholes[-1]["state"] == "complete" else "，录制时曾中断"
            verdict.holds.append(f"录像 {name} 完整，{len(segments)} 段全部相符{ended}")
    elif not wrong:
        verdict.open.append(f"录像 {name} 没有收尾；已入链的 {covered} 字节相符，文件共 {file.bytes} 字节")


def _check_film(name: str, file: FileFacts, wholes: Sequence[Mapping[str, Any]], verdict: Verdict) -> None:
    if not wholes or not wholes[-1]["content_sha256"]:
        verdict.open.append(f"录像 {name} 的解密件无从核对：链中没有它的摘要")
    elif file.sha256 == wholes[-1]["content_sha256"]:
        verdict.holds.append(f"录像 {name} 的解密件与录制内容一致")
    else:
        verdict.broken.append(f"录像 {name} 的解密件与录制内容不符")


def _short(digest: object) -> str:
    return str(digest)[:16]


_SIGNED = frozenset({EvidenceKind.DOCUMENT, EvidenceKind.SIGNATURE})
_NAMES: Mapping[str, str] = {
    EvidenceKind.OPENED: "开链",
    EvidenceKind.CONSENT: "同意",
    EvidenceKind.SEGMENT: "录像分段",
    EvidenceKind.RECORDING: "录像",
    EvidenceKind.DOCUMENT: "文件",
    EvidenceKind.SIGNATURE: "签名",
    EvidenceKind.EVENT: "事件",
    EvidenceKind.DELETED: "删除",
    EvidenceKind.CLOSED: "收尾",
}
