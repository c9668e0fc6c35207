/**
 * Draws what comes from the agents' side of a conversation: messages, guides, checklists, files, summaries.
 * Loaded when the first of them appears.
 *
 * Accessibility criteria
 * - Who speaks is said in (hidden) words, with the agent's name.
 * - 「已备好」 and 「还缺」 are words beside each material; the tick only repeats them.
 * - A file is a button that says name, kind and size. A picture is a button that opens it large, named by it.
 */

import { icon, make, tell } from '../lib/dom.js'
import { NOT_OPENED } from '../lib/errors.js'
import { needStyle } from '../lib/styles.js'
import { isVoice } from '../lib/voices.js'
import './bb-answer-card.js'
import { dataAddress, fetchFile, saveFile } from './conversation-files.js'
import { ownVoice } from './own-voice.js'
import { richText } from './rich-text.js'

const SHOWN_AT_ONCE = 3_000_000

await needStyle('person')

/**
 * What stands in the entry's item, without its time.
 *
 * @param {HTMLElement} element which tells `bb-ask` for a file, `bb-paper` for a form or a signature
 * @param {import('../lib/timeline.js').Entry} entry
 * @returns {Node[]}
 */
export function deskContent(element, { kind, body }) {
  return { agent, guide, checklist, file, form, signature, summary }[kind](body, element)
}

/** @param {string} says */
const speaker = (says) => make('span', { class: 'visually-hidden' }, `${says}：`)

function agent({ text, agent: name = '' }) {
  return [
    make('p', { class: 'turn__who' }, icon('person'), name ? `工作人员 ${name}` : '工作人员'),
    make('p', { class: 'bubble bubble--agent' }, richText(text)),
  ]
}

function guide({ title, version, guide_id: guideId, district = '', statements = [], sources = [] }) {
  const card = document.createElement('bb-answer-card')
  const cited = sources.length > 0 ? sources : [{ guide_id: guideId, version, title, district, element: '全文', url: '' }]
  card.show({ title, text: '', statements, sources: cited })
  return [make('p', { class: 'turn__who' }, icon('materials'), '工作人员发来的办事指南'), card]
}

function checklist({ items = [], title = '' }) {
  const ready = items.filter(({ checked }) => checked).length
  return [
    speaker('工作人员核对'),
    make(
      'section',
      { class: 'card' },
      make(
        'header',
        { class: 'card__header' },
        make('h3', { class: 'card__title' }, title || '材料核对清单'),
        make('p', { class: 'card__district' }, `已备好 ${ready} 项，共 ${items.length} 项`),
      ),
      make('ul', { class: 'checks' }, ...items.map(check)),
    ),
  ]
}

function check({ name, checked }) {
  return make(
    'li',
    { class: checked ? 'check check--ready' : 'check' },
    make('span', { class: 'check__box', 'aria-hidden': 'true' }, checked ? icon('check') : null),
    make('span', { class: 'check__name' }, name),
    make('span', { class: 'check__state' }, checked ? '已备好' : '还缺'),
  )
}

function summary({ text }) {
  return [
    speaker('工作人员'),
    make(
      'section',
      { class: 'card' },
      make('header', { class: 'card__header' }, make('h3', { class: 'card__title' }, '本次办理小结')),
      make('p', { class: 'card__text text' }, richText(text)),
    ),
  ]
}

function form({ form_id: id, title, state }, element) {
  const words = { open: '工作人员请您一起填表', finished: '表单已定稿', discarded: '表单已作废' }[state]
  const label = { open: '打开填写', finished: '查看、打印' }[state]
  return paper({ kind: 'form', id }, { words, title, label, wanted: state === 'open' }, element)
}

function signature({ signature_id: id, title, state, method }, element) {
  const signed = method === 'typed' ? '您已输入姓名确认' : '您已签名'
  const words = { asked: '工作人员请您签名', signed, declined: '您没有签', withdrawn: '不用签了' }[state]
  const label = { asked: '查看并签名', signed: '查看、打印' }[state]
  return paper({ kind: 'signature', id }, { words, title, label, wanted: state === 'asked' }, element)
}

function paper(detail, { words, title, label, wanted }, element) {
  const style = wanted ? 'button' : 'button button--quiet'
  const open = () => tell(element, 'bb-paper', detail)
  return [
    speaker('工作人员'),
    make(
      'section',
      { class: 'card' },
      make(
        'header',
        { class: 'card__header' },
        make('h3', { class: 'card__title' }, title),
        make('p', { class: 'card__district' }, words),
      ),
      label ? make('p', { class: 'card__text' }, make('button', { type: 'button', class: style, click: open }, label)) : null,
    ),
  ]
}

function file(body, element) {
  if (isVoice(body)) return [speaker('您说'), ownVoice(element, body)]
  const { file_id: id, name, media_type: type = '', size = 0, by = '' } = body
  const isPicture = type.startsWith('image/')
  const says = speaker(by === 'citizen' ? '您发送的文件' : '工作人员发来的文件')
  const open = async () => {
    const blob = await fetchFile(element, id)
    if (!blob) return
    if (isPicture) await look(element, await dataAddress(blob), name)
    else saveFile(blob, name)
  }
  const button = make(
    'button',
    { type: 'button', class: 'file', click: open },
    icon('materials'),
    make('span', { class: 'file__name' }, name),
    make('span', { class: 'file__size' }, `${isPicture ? '图片，点开查看' : '点击下载'} · ${sizeWords(size)}`),
  )
  const place = make('div', { class: 'file__place' }, button)
  if (isPicture && size <= SHOWN_AT_ONCE) showThumbnail(place, element, id, name)
  return [says, place]
}

/** The picture takes the place of the button once it is there. */
async function showThumbnail(place, element, id, name) {
  const blob = await fetchFile(element, id, { quietly: true })
  if (!blob) return
  const address = await dataAddress(blob)
  place.replaceChildren(
    make(
      'button',
      { type: 'button', class: 'file__thumb', 'aria-label': `放大查看：${name}`, click: () => look(element, address, name) },
      make('img', { src: address, alt: '' }),
      make('span', { class: 'file__name' }, name),
    ),
  )
}

async function look(element, address, name) {
  try {
    const { openViewer } = await import('./viewer.js')
    await openViewer(address, { name })
  } catch {
    tell(element, 'bb-status', NOT_OPENED)
  }
}

function sizeWords(bytes) {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
