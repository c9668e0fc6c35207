"""What the operating system refused, in words for the operator."""

import errno
from collections.abc import Mapping

_REASONS: Mapping[int, str] = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "文件系统是只读的",
    errno.ENOSPC: "磁盘满了",
    errno.EDQUOT: "磁盘配额用完了",
    errno.EISDIR: "这是目录，不是文件",
    errno.ENOTDIR: "路径里有一段不是目录",
    errno.EEXIST: "已经有同名的文件",
    errno.ENAMETOOLONG: "名字太长",
    errno.EMFILE: "打开的文件太多",
    errno.EIO: "磁盘读写出错",
    errno.ECONNREFUSED: "连接被拒绝",
}


def in_words(error: OSError) -> str:
    """One line: what it was about, and why it failed."""
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
    about = error.filename2 or error.filename
    return f"{about}：{reason}" if about is not None else reason
