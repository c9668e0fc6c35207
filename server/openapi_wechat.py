"""The part of the API's description that is about pages in WeChat. Data only."""

from typing import Any

from server.openapi_schemas import Schema, obj, ref

WECHAT_SCHEMAS: dict[str, Schema] = {
    "WeChatPageConfig": {
        **obj(
            {
                "appId": {"type": "string"},
                "timestamp": {"type": "integer"},
                "nonceStr": {"type": "string"},
                "signature": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
                "jsApiList": {"type": "array", "items": {"type": "string"}},
            }
        ),
        "description": "交给 wx.config 的内容",
    },
}


def wechat_paths(operation: Any, path_id: Any, query: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    return {
        "/wechat/{account}/page-config": {
            "parameters": [path_id("account")],
            "get": operation(
                "页面使用微信 JS-SDK 的签名；url 只能是本服务的页面",
                {200: ref("WeChatPageConfig")},
                errors=(400, 404, 429, 502),
                parameters=[query("url", {"type": "string", "maxLength": 2000})],
            ),
        },
    }
