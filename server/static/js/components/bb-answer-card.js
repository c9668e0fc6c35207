/**
 * <bb-answer-card> shows the answer from a guide: its title, one short fact a row, details on demand.
 *
 * Accessibility criteria
 * - The title is a heading, so that a screen reader can jump from answer to answer.
 * - Facts are a description list: label and value are read together.
 * - Details and sources are native `details`: keyboard, screen reader and printing just work.
 * - 必要, 可选 and the like are words; their colour only repeats them.
 * - A long text shows its first lines to the eye; a screen reader has all of it at once, and the button
 *   that unfolds it says its state by `aria-expanded`.
 * - Telephone numbers are links; icons are hidden from screen readers.
 */

import { icon, make } from '../lib/dom.js'
import { readLists, readMaterial } from '../lib/lists.js'
import { groupSources, groupStatements, onlyDistrict, remarks, withoutDistrict } from '../lib/replies.js'
import { newWindowLink, richText } from './rich-text.js'

const MARK_CLASSES = { 必要: 'must', 可选: 'may', 容缺: 'later', 免交: 'may' }

/** The elements that have an icon of their own in `icons.svg`. */
const PICTURED = new Set([
  'materials',
  'process',
  'time_limit',
  'fee',
  'location',
  'hours',
  'phone',
  'conditions',
  'online',
  'result',
])

/** Longer texts without a list, conditions mostly, are folded: short on top, details on demand. */
const LONG = 140

export class AnswerCard extends HTMLElement {
  /** @param {{title: string, text: string, statements: object[], sources: object[]}} message */
  show({ title, text, statements, sources }) {
    const groups = groupSources(sources)
    const district = onlyDistrict(sources)
    const remark = remarks(text, statements)
    this.replaceChildren(
      make(
        'article',
        { class: 'card' },
        make(
          'header',
          { class: 'card__header' },
          make('h3', { class: 'card__title' }, withoutDistrict(title, district)),
          district ? make('p', { class: 'card__district' }, district) : null,
        ),
        ...groupStatements(statements).flatMap(({ heading, statements: stated }) => [
          ...(heading ? [make('h4', { class: 'card__part' }, withoutDistrict(heading, district))] : []),
          make('dl', { class: 'facts' }, ...stated.map((statement) => fact(statement, groups))),
        ]),
        remark ? make('p', { class: 'card__remark' }, richText(remark)) : null,
        sourceList(groups),
      ),
    )
  }
}

/** @param {{element: string, label: string, text: string, more: string, sources: number[]}} statement */
function fact({ element, label, text, more, sources: positions }, groups) {
  const known = PICTURED.has(element)
  return make(
    'div',
    { class: `fact fact--${known ? element : 'other'}` },
    make('dt', { class: 'fact__label' }, icon(known ? element : 'general'), make('span', {}, label)),
    make(
      'dd',
      { class: 'fact__value' },
      ...value(element, text),
      more ? furtherDetails(element, more) : null,
      groups.length > 1 ? reference(positions, groups) : null,
    ),
  )
}

/** @param {string} element @param {string} text @returns {Element[]} */
function value(element, text) {
  const lists = readLists(text)
  if (lists.length === 0) {
    return text.length > LONG ? foldedText(text) : [make('p', { class: 'text' }, richText(text))]
  }
  const drawItem = element === 'materials' ? material : (item) => make('li', {}, richText(item))
  return lists.flatMap(({ heading, start, items }) => [
    ...(heading ? [make('p', { class: 'fact__situation' }, heading)] : []),
    make('ol', { class: 'items', start: start === 1 ? null : start }, ...items.map(drawItem)),
  ])
}

/** @param {string} text @returns {Element[]} */
function foldedText(text) {
  const shown = make('p', { class: 'text text--folded' }, richText(text))
  const toggle = () => {
    const unfolded = !shown.classList.toggle('text--folded')
    button.setAttribute('aria-expanded', String(unfolded))
    button.textContent = unfolded ? '收起' : '展开全文'
  }
  const attributes = {
    type: 'button',
    class: 'action action--unfold',
    'aria-expanded': 'false',
    click: toggle,
  }
  const button = make('button', attributes, '展开全文')
  return [shown, button]
}

/** @param {string} item */
function material(item) {
  const { name, details, mark } = readMaterial(item)
  return make(
    'li',
    {},
    `${name} `,
    mark ? make('span', { class: `mark mark--${MARK_CLASSES[mark]}` }, mark) : null,
    details ? make('span', { class: 'items__details' }, details) : null,
  )
}

function furtherDetails(element, more) {
  const count = readLists(more).reduce((sum, { items }) => sum + items.length, 0)
  const summary = count > 0 ? `再看 ${count} 项` : '查看详细内容'
  return make('details', { class: 'more' }, make('summary', {}, summary), ...value(element, more))
}

/** Which of the listed guides say so. */
function reference(positions, groups) {
  const isCited = (group) => group.positions.some((position) => positions.includes(position))
  const numbers = groups.flatMap((group, index) => (isCited(group) ? [index + 1] : []))
  return numbers.length > 0 ? make('p', { class: 'fact__reference' }, `出处 ${numbers.join('、')}`) : null
}

/**
 * The sources on demand, or `null` when there are none.
 *
 * @param {ReturnType<typeof groupSources>} groups
 */
export function sourceList(groups) {
  if (groups.length === 0) return null
  return make(
    'details',
    { class: 'sources' },
    make('summary', {}, groups.length > 1 ? `查看出处（${groups.length}）` : '查看出处'),
    make('ol', { class: 'sources__list' }, ...groups.map(sourceItem)),
  )
}

function sourceItem({ source, elements }) {
  const isWeb = /^https?:\/\//.test(source.url)
  const from = [source.district, source.version ? `办事指南第 ${source.version} 版` : '']
    .filter(Boolean)
    .join(' · ')
  return make(
    'li',
    {},
    isWeb ? newWindowLink(source.url, source.title) : make('span', { class: 'sources__title' }, source.title),
    make('span', { class: 'sources__from' }, from),
    make('span', { class: 'sources__elements' }, `引用：${elements.join('、')}`),
  )
}

customElements.define('bb-answer-card', AnswerCard)
