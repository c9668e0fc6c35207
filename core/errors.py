"""The one error tree of Bangban.

    BangbanError                      500 internal_error
    ├── InvalidInput                  400 invalid_input
    │   ├── InvalidJson               400 invalid_json
    │   ├── TextTooLong               400 text_too_long
    │   ├── UnknownDistrict           400 unknown_district
    │   ├── FormIncomplete            400 form_incomplete
    │   ├── NoSignature               400 no_signature
    │   ├── UnreadableFile            400 unreadable_file
    │   ├── ExpiredFile               400 expired_file
    │   ├── InfectedFile              400 infected_file
    │   └── InvalidPush               400 invalid_push
    ├── Unauthenticated               401 unauthenticated
    ├── Forbidden                     403 forbidden
    │   └── UntrustedPush             403 untrusted_push
    │       └── UnsignedPush          403 unsigned_push
    ├── NotFound                      404 not_found
    ├── MethodNotAllowed              405 method_not_allowed
    ├── Conflict                      409 conflict
    │   ├── IllegalMove               409 illegal_move
    │   ├── OutOfTurn                 409 out_of_turn
    │   ├── FieldLocked               409 field_locked
    │   ├── StaleField                409 stale_field
    │   ├── StaleDocument             409 stale_document
    │   ├── TwoPartiesOnly            409 two_parties_only
    │   └── TooManyFiles              409 too_many_files
    ├── BodyTooLarge                  413 body_too_large
    │   ├── FileTooLarge              413 file_too_large
    │   └── ImageTooLarge             413 image_too_large
    ├── UnsupportedMedia              415 unsupported_media_type
    │   └── UnsupportedFile           415 unsupported_file
    ├── RangeNotSatisfiable           416 range_not_satisfiable
    ├── TooManyRequests               429 too_many_requests
    ├── ConfigurationError            500 misconfigured
    ├── RecordingDamaged              500 recording_damaged
    └── Unavailable                   503 unavailable
        ├── StartingUp                503 starting_up
        ├── DialogueUnavailable       503 dialogue_unavailable
        ├── MediaUnavailable          503 media_unavailable
        ├── MediaFull                 503 media_full
        ├── RecordingUnavailable      503 recording_unavailable
        ├── ScannerUnavailable        503 scanner_unavailable
        ├── StorageUnavailable        503 storage_unavailable
        └── SnapshotUnavailable       503 snapshot_unavailable
            └── SnapshotMismatch      503 snapshot_mismatch

Each class carries the HTTP status and stable code that the edge puts on the wire, and
`citizen_text`, the sentence that a citizen may see. The exception's own message is for staff
and logs; it must not hold what a citizen typed.
"""

from typing import ClassVar


class BangbanError(Exception):
    """Anything Bangban raises on purpose."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    citizen_text: ClassVar[str] = "抱歉，系统出了点问题，请稍后再试，或拨打服务热线。"


class InvalidInput(BangbanError):
    """The request can't be understood as it stands; sending it again won't help."""

    status = 400
    code = "invalid_input"
    citizen_text = "抱歉，这条内容没法处理，请检查后再发。"


class InvalidJson(InvalidInput):
    """The body is no JSON object."""

    code = "invalid_json"


class TextTooLong(InvalidInput):
    """A text is over its limit of characters."""

    code = "text_too_long"
    citizen_text = "您发的内容太长了，请分几次说。"


class UnknownMessage(InvalidInput):
    """A WebSocket message of a type that this end doesn't take."""

    code = "unknown_message"


class UnknownDistrict(InvalidInput):
    """A district was named that no guide is for."""

    code = "unknown_district"
    citizen_text = "没有找到这个区县，请检查名称后再试。"


class FormIncomplete(InvalidInput):
    """A form can't be finished: fields are empty or wrong."""

    code = "form_incomplete"
    citizen_text = "还有栏目没填好，请看标出的地方。"


class NoSignature(InvalidInput):
    """What was sent as a signature is no drawing, or an empty one."""

    code = "no_signature"
    citizen_text = "没有看到签名，请在框里写上姓名再提交。"


class UnreadableFile(InvalidInput):
    """An uploaded file isn't what it begins as, or is damaged."""

    code = "unreadable_file"
    citizen_text = "这个文件打不开，可能已损坏，请换一个再发。"


class ExpiredFile(InvalidInput):
    """A file that was sent through a channel isn't kept there any more."""

    code = "expired_file"
    citizen_text = "这个文件已经过期，取不到了，请重新发一次。"


class InfectedFile(InvalidInput):
    """The virus scanner found something in an uploaded file."""

    code = "infected_file"
    citizen_text = "这个文件没有通过病毒检查，没有保存。请换一个再发。"


class InvalidPush(InvalidInput):
    """What a channel's platform is said to have sent can't be read. The message is a fixed reason."""

    code = "invalid_push"


class Unauthenticated(BangbanError):
    """No credential, or one that doesn't hold."""

    status = 401
    code = "unauthenticated"
    citizen_text = "会话已失效，请刷新页面重新开始。"


class Forbidden(BangbanError):
    """The credential holds but doesn't allow this."""

    status = 403
    code = "forbidden"
    citizen_text = "您没有权限这样做。"


class UntrustedPush(Forbidden):
    """What was sent doesn't prove to come from a channel's platform, now. The message is a fixed reason."""

    code = "untrusted_push"


class UnsignedPush(UntrustedPush):
    """No signature came at all: somebody looks at the address, or a proxy keeps the query to itself."""

    code = "unsigned_push"


class NotFound(BangbanError):
    """There is no such thing, or the caller may not know that there is."""

    status = 404
    code = "not_found"
    citizen_text = "没有找到您要的内容。"


class MethodNotAllowed(BangbanError):
    """The address exists but not with this method."""

    status = 405
    code = "method_not_allowed"
    citizen_text = "不支持这样的请求。"


class Conflict(BangbanError):
    """The request contradicts what is stored now."""

    status = 409
    code = "conflict"
    citizen_text = "内容已有变化，请刷新后再试。"


class IllegalMove(Conflict):
    """A state table has no such move: somebody else was first, or the message is out of turn."""

    code = "illegal_move"


class OutOfTurn(Conflict):
    """What a page said belongs to a round of signalling that is over."""

    code = "out_of_turn"


class FieldLocked(Conflict):
    """Somebody else is writing in that field of a form."""

    code = "field_locked"
    citizen_text = "对方正在填这一栏，请稍等。"


class StaleField(Conflict):
    """A field of a form was written over a version that has gone by."""

    code = "stale_field"
    citizen_text = "这一栏刚被对方改过，请看一下新的内容。"


class StaleDocument(Conflict):
    """Another document was shown than the one that is to be signed, or it isn't as it was."""

    code = "stale_document"
    citizen_text = "要签的文件有变化，请重新打开，看清楚后再签。"


class TwoPartiesOnly(Conflict):
    """Sound and picture go from browser to browser: nobody else can be let in, or hear them."""

    code = "two_parties_only"
    citizen_text = "这里的通话由双方的浏览器直连，不能加入第三方，也不能旁听。"


class TooManyFiles(Conflict):
    """The conversation has as many files as it may."""

    code = "too_many_files"
    citizen_text = "这次咨询的文件已经很多了，不能再发了。"


class BodyTooLarge(BangbanError):
    """The body is over the size limit."""

    status = 413
    code = "body_too_large"
    citizen_text = "您发的内容太大了。"


class FileTooLarge(BodyTooLarge):
    """An uploaded file has more bytes than it may."""

    code = "file_too_large"
    citizen_text = "文件太大了，请缩小后再发。"


class ImageTooLarge(BodyTooLarge):
    """A picture has more pixels than it may, however few bytes they are packed into."""

    code = "image_too_large"
    citizen_text = "图片的尺寸太大了，请缩小后再发。"


class UnsupportedMedia(BangbanError):
    """The body is of a content type that isn't accepted here."""

    status = 415
    code = "unsupported_media_type"
    citizen_text = "不支持这种格式。"


class UnsupportedFile(UnsupportedMedia):
    """An uploaded file begins as none of the types that are taken in."""

    code = "unsupported_file"
    citizen_text = "只能发 JPG、PNG、WebP 图片和 PDF 文件，请换一个再发。"


class RangeNotSatisfiable(BangbanError):
    """The part asked for lies behind the end."""

    status = 416
    code = "range_not_satisfiable"
    citizen_text = "请求的部分不存在。"


class TooManyRequests(BangbanError):
    """The client went over its rate; `retry_after` says when it may come back, in seconds."""

    status = 429
    code = "too_many_requests"
    citizen_text = "您发得太快了，请稍等一会儿再发。"

    def __init__(self, message: str = "rate limit exceeded", *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConfigurationError(BangbanError):
    """A setting is missing or contradicts another; the operator must act."""

    code = "misconfigured"


class RecordingDamaged(BangbanError):
    """A recording can't be read: changed, torn, or sealed with another key."""

    code = "recording_damaged"
    citizen_text = "录像文件无法读取。"


class Unavailable(BangbanError):
    """Something this depends on doesn't answer now; trying again later may help."""

    status = 503
    code = "unavailable"
    citizen_text = "抱歉，系统正忙，请稍后再试，或拨打服务热线。"


class StartingUp(Unavailable):
    """The service is still loading what it answers with."""

    code = "starting_up"
    citizen_text = "服务正在启动，请稍等片刻再试。"


class DialogueUnavailable(Unavailable):
    """The dialogue engine failed, timed out or returned nothing."""

    code = "dialogue_unavailable"


class MediaUnavailable(Unavailable):
    """The media process doesn't answer now; it is being started again, and calls can be rejoined."""

    code = "media_unavailable"
    citizen_text = "抱歉，音视频暂时连不上，正在恢复，请稍候；也可以继续用文字咨询。"


class MediaFull(Unavailable):
    """As many calls are going on as can be carried without harm to any of them."""

    code = "media_full"
    citizen_text = "抱歉，现在视频通话已满，请稍后再试；也可以继续用文字咨询。"


class ScannerUnavailable(Unavailable):
    """Files are to be scanned for viruses, and the scanner doesn't answer."""

    code = "scanner_unavailable"
    citizen_text = "抱歉，病毒检查暂时用不了，文件没有保存，请稍后再发。"


class StorageUnavailable(Unavailable):
    """Bytes can't be written to disk, or read from it."""

    code = "storage_unavailable"
    citizen_text = "抱歉，文件暂时无法保存或读取，请稍后再试。"


class RecordingUnavailable(Unavailable):
    """A recording can't be made now, say for want of disk space; the call can go on without."""

    code = "recording_unavailable"
    citizen_text = "抱歉，现在无法录像，请稍后再试。"


class SnapshotUnavailable(Unavailable):
    """No index snapshot can be loaded."""

    code = "snapshot_unavailable"


class SnapshotMismatch(SnapshotUnavailable):
    """A snapshot was built with another model or other parameters than those configured."""

    code = "snapshot_mismatch"
