/**
 * Reads a reply's messages for showing and telling. Their shape is `core.messages.ReplyMessage`.
 */

/**
 * The text without the numbered list of choices at its end: that is for channels without buttons.
 *
 * @param {string} text
 * @param {{title: string}[]} choices
 */
export function withoutChoiceLines(text, choices) {
  const lines = text.trimEnd().split('\n')
  for (let number = choices.length; number > 0; number -= 1) {
    if (lines.at(-1)?.trim() !== `${number}. ${choices[number - 1].title}`) return text
    lines.pop()
  }
  return lines.join('\n').trimEnd()
}

/**
 * All that a reply says, as plain text to copy or to read aloud.
 *
 * @param {{text: string}[]} messages
 */
export function plainText(messages) {
  return messages.map((message) => message.text).join('\n\n')
}

/**
 * The sources by guide version: a citizen wants to know which guides, then which parts of them.
 *
 * @param {object[]} sources
 * @returns {{source: object, elements: string[]}[]}
 */
export function groupSources(sources) {
  const groups = new Map()
  for (const source of sources) {
    const key = `${source.guide_id}\n${source.version}\n${source.url}`
    const group = groups.get(key) ?? { source, elements: [] }
    if (!group.elements.includes(source.element)) group.elements.push(source.element)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** What the elements of a guide are called on this page. */
export const ELEMENT_LABELS = Object.freeze({
  general: '事项说明',
  materials: '申请材料',
  process: '办理流程',
  time_limit: '办结时限',
  fee: '收费',
  location: '办理地点',
  hours: '办公时间',
  phone: '咨询电话',
  conditions: '受理条件',
  online: '网上办理',
  result: '办理结果',
})
