/**
 * The desk's keyboard shortcuts: which keys mean what. Pure.
 *
 * Alone standing letters would be pressed by accident while writing, so all are with Alt, which works in
 * fields too; only `?` stands alone, and not while writing.
 */

/** @typedef {{key: string, act: string, words: string}} Shortcut */

/** @type {readonly Shortcut[]} */
export const SHORTCUTS = Object.freeze([
  { key: 'A', act: 'accept', words: '接入排在最前的一位' },
  { key: 'J', act: 'next', words: '下一段对话' },
  { key: 'K', act: 'previous', words: '上一段对话' },
  { key: 'U', act: 'unread', words: '跳到有新消息的对话' },
  { key: 'R', act: 'reply', words: '写回复' },
  { key: 'N', act: 'note', words: '写内部备注' },
  { key: 'Y', act: 'canned', words: '常用语' },
  { key: 'G', act: 'guides', words: '查指南' },
  { key: 'V', act: 'call', words: '视频通话' },
  { key: 'M', act: 'mute', words: '通话静音' },
  { key: 'B', act: 'hand-back', words: '交回机器人' },
  { key: 'T', act: 'transfer', words: '转接' },
  { key: 'E', act: 'close', words: '办结' },
  { key: 'S', act: 'sound', words: '提示音开关' },
])

/**
 * What these keys ask for, or empty. `code` is taken, because with Alt some keyboards write other signs.
 *
 * @param {{code: string, key: string, altKey: boolean, ctrlKey: boolean, metaKey: boolean}} event
 * @param {{writing: boolean}} where
 */
export function actOf({ code, key, altKey, ctrlKey, metaKey }, { writing }) {
  if (ctrlKey || metaKey) return ''
  if (!altKey) return (key === '?' || key === '？') && !writing ? 'help' : ''
  return SHORTCUTS.find((shortcut) => `Key${shortcut.key}` === code)?.act ?? ''
}
