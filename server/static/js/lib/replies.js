/**
 * Reads a reply's messages for showing and telling. Their shape is `core.messages.ReplyMessage`.
 */

import { isVoice, lengthWords } from './voices.js'

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
 * All that an entry of the timeline says, as plain text.
 *
 * @param {import('./timeline.js').Entry} entry
 */
export function entryText({ kind, text = '', messages, body = {} }) {
  if (messages) return plainText(messages)
  if (kind === 'guide') return `办事指南：${body.title}`
  if (kind === 'file') return isVoice(body) ? `您的语音（${lengthWords(body)}）` : `文件：${body.name}`
  if (kind === 'form') return body.state === 'open' ? `请填表：${body.title}` : `表单：${body.title}`
  if (kind === 'signature') return body.state === 'asked' ? `请签名：${body.title}` : `签名：${body.title}`
  if (kind !== 'checklist') return text || (body.text ?? '')
  return body.items.map(({ name, checked }) => `${name}：${checked ? '已备好' : '还缺'}`).join('\n')
}

/**
 * What an answer's text says beyond its statements, for example that a guide is silent on something.
 * It must not get lost where the statements are shown instead of the text.
 *
 * @param {string} text
 * @param {{label: string, text: string, more: string}[]} statements
 * @returns {string}
 */
export function remarks(text, statements) {
  const stated = new Set()
  for (const { label, text: value, more } of statements) {
    const name = shortLabel(label)
    stated.add(`${name}：`).add(`${name}：${value}`)
    for (const line of `${value}\n${more ?? ''}`.split('\n')) stated.add(line)
  }
  const isHeading = (line) => /^【.+】$/.test(line)
  return text
    .split('\n')
    .filter((line) => line.trim() && !isHeading(line) && !stated.has(line))
    .join('\n')
}

/**
 * The statements by what they are about. An answer to several questions at once names it in each
 * label (「居住证首次申领 收费」); else there is one group without a heading.
 *
 * @param {{label: string}[]} statements
 * @returns {{heading: string, statements: object[]}[]}
 */
export function groupStatements(statements) {
  const groups = []
  for (const statement of statements) {
    const label = shortLabel(statement.label)
    const heading = statement.label.slice(0, -label.length).trim()
    if (groups.length === 0 || groups.at(-1).heading !== heading) groups.push({ heading, statements: [] })
    groups.at(-1).statements.push({ ...statement, label })
  }
  return groups
}

/** @param {string} label */
const shortLabel = (label) => label.slice(label.lastIndexOf(' ') + 1)

/**
 * The one district that an answer is for, or empty: an answer may hold in several.
 *
 * @param {{district: string}[]} sources
 */
export function onlyDistrict(sources) {
  const districts = new Set(sources.map((source) => source.district))
  return districts.size === 1 ? sources[0].district : ''
}

/**
 * A title without the district that is shown beside it (「南湖区·居住证首次申领」).
 *
 * @param {string} title
 * @param {string} district
 */
export function withoutDistrict(title, district) {
  return district ? title.replaceAll(`${district}·`, '') : title
}

/**
 * The sources by guide version: a citizen wants to know which guides, then which parts of them.
 *
 * @param {object[]} sources
 * @returns {{source: object, elements: string[], positions: number[]}[]} `positions` in `sources`
 */
export function groupSources(sources) {
  const groups = new Map()
  for (const [position, source] of sources.entries()) {
    const key = `${source.guide_id}\n${source.version}\n${source.url}`
    const group = groups.get(key) ?? { source, elements: [], positions: [] }
    group.positions.push(position)
    if (!group.elements.includes(source.element)) group.elements.push(source.element)
    groups.set(key, group)
  }
  return [...groups.values()]
}
