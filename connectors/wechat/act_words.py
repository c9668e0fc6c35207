"""What the account itself says to citizens about what they sent. Pure."""

from typing import Final

WELCOME = "您好，这里是{name}。直接说出您想办的事，比如“身份证丢了怎么补办”；需要工作人员，请回复“转人工”。"

AT = "您扫的是“{place}”的二维码，工作人员接入后能看到您在这里。请说想办的事；需要工作人员，请回复“转人工”。"
AT_FOR_STAFF = "市民扫了“{place}”的二维码。"

NO_SUCH_ENTRY = "这个菜单还没有设置好。您可以直接说想办的事，或者回复“转人工”找工作人员。"
NO_SUCH_CODE = "这个码我不认识。请扫政务服务大厅里的服务码，或者直接说想办的事。"

# Voice
HEARD = "听到的是：“{text}”。"
READ_BACK = "您是说“{text}”吗？回复“是”就按这个办，或者重新说一遍。"
SAY_AGAIN = "好的，请您重新说一遍，或者打字说。"
NOT_UNDERSTOOD = "没听清您说的。请您再说一遍，或者打字说。"
NO_EARS = "抱歉，现在听不了语音。请您打字说，或者回复“视频”与工作人员视频沟通。"
VOICE_FOR_AGENT = "语音已收到，工作人员能听到。"
VOICE_FOR_QUEUE = "语音已收到，工作人员接入后能听到。"
VOICE_SAYS = "转成的文字是：“{text}”。"
NO_SOUND_FOR_STAFF = "上面这条语音的原声没能留下，只有转成的文字。"
HEARD_FOR_STAFF = "已把您的语音转成文字发给工作人员：“{text}”。"
NO_EARS_FOR_STAFF = (
    "您发来一条语音，放不出来，也转不成文字，工作人员听不到。请您打字说，也可以打开网页和工作人员视频沟通。"
)

# Pictures
PICTURE_FOR_BOT = "图片已收到，工作人员接入后能看到；需要请回复“转人工”。"
PICTURE_FOR_QUEUE = "图片已收到，工作人员接入后能看到。"
PICTURE_FOR_AGENT = "图片已收到，工作人员能看到。"

# Places
PLACE = "好的，按{district}为您查。请说想办的事。"
PLACE_ASKED_FOR = "好的，按{district}为您查。"
PLACE_UNKNOWN = "没认出您发的位置在哪个区县。请直接说区县的名字，我按那里的规定为您查。"
PLACE_SAID = "【位置】{label}"

# What can't be read
NO_EYES = "视频我看不了。请您用文字说明，或者回复“视频”与工作人员视频沟通。"
NO_EYES_FOR_STAFF = "视频发不到工作人员那里。请您拍照片发来，或者打开网页和工作人员视频沟通。"
LINK = "链接和文章我打不开。请您直接说想办的事，或者回复“转人工”。"
LINK_SAID = "【链接】{title} {url}"
UNKNOWN = "这种消息我看不懂。请您用文字说想办的事，或者发照片；需要工作人员，请回复“转人工”。"
UNKNOWN_FOR_STAFF = "这种消息发不到工作人员那里。请您用文字说，或者发照片。"

TO_PAGE = "打开网页咨询"
TO_PAGE_FOR_VIDEO = "打开网页"

# WeChat puts these words in place of what it doesn't deliver, of stickers for example. It isn't documented.
PLACEHOLDERS: Final = frozenset(
    {"【收到不支持的消息类型，暂无法显示】", "【收到不支援的訊息類型，無法顯示】"}
)
