/**
 * Reads a guide's canonical JSON (`knowledge.guide.Guide`) for an agent who talks about it. Pure.
 */

/** @typedef {{name: string, details: string, mark: '' | '必要' | '可选' | '容缺' | '免交'}} Item */
/** @typedef {{name: string, items: Item[]}} Situation */

const NECESSITIES = Object.freeze({ required: '必要', optional: '可选', deferrable: '容缺' })

/**
 * The situations (情形) with their materials. A guide that knows only one has it under an empty name.
 *
 * @param {Record<string, any>} guide
 * @returns {Situation[]}
 */
export function situationsOf(guide) {
  return (guide.situations ?? []).map(({ name = '', materials = [] }) => ({
    name,
    items: materials.map((material) => ({
      name: material.name,
      details: [material.form, material.copies ? `${material.copies}份` : '', material.medium, material.note]
        .filter(Boolean)
        .join('，'),
      mark: material.exempt ? '免交' : (NECESSITIES[material.necessity ?? 'required'] ?? ''),
    })),
  }))
}

/**
 * What an agent is asked for most, beside the materials.
 *
 * @param {Record<string, any>} guide
 * @returns {{element: string, label: string, text: string}[]} `element` is the name that the service knows it by
 */
export function keyFacts(guide) {
  return [
    ['time_limit', '时限', timeLimit(guide.time_limit)],
    ['fee', '收费', fee(guide.fee)],
    ['location', '地点', (guide.places ?? []).slice(0, 2).map(place).join('\n')],
    ['hours', '时间', guide.hours],
    [
      'phone',
      '电话',
      (guide.phones ?? []).map(({ label, number }) => [label, number].filter(Boolean).join(' ')).join('\n'),
    ],
    ['online', '网办', online(guide.online)],
    ['conditions', '条件', guide.conditions],
  ]
    .filter(([, , text]) => text)
    .map(([element, label, text]) => ({ element, label, text }))
}

/**
 * What else of the guide can be shown to a citizen, beside the materials and the key facts.
 *
 * @param {Record<string, any>} guide
 * @returns {{element: string, label: string}[]}
 */
export function moreToShow(guide) {
  return [
    ['process', '流程', guide.process?.length > 0],
    ['result', '办理结果', Boolean(guide.result?.name)],
  ]
    .filter(([, , isThere]) => isThere)
    .map(([element, label]) => ({ element, label }))
}

function timeLimit({
  promised_days: promised,
  statutory_days: statutory,
  handling = '',
  unit = '个工作日',
} = {}) {
  const days = promised ?? statutory
  if (days === undefined || days === null) return handling
  const text = days === 0 ? '当场办结' : `${days}${unit}`
  return handling ? `${text}（${handling}）` : text
}

function fee({ charged, standard = '', reductions = '' } = {}) {
  if (charged === undefined || charged === null) return standard
  return charged ? ['收费', standard, reductions].filter(Boolean).join('，') : '不收费'
}

function place({ name = '', address = '', window: counter = '' }) {
  return [name, address, counter].filter(Boolean).join('，')
}

function online({ fully, depth = '', visits } = {}) {
  if (fully === true) return '可全程网办'
  return [depth, visits === undefined || visits === null ? '' : `到现场 ${visits} 次`]
    .filter(Boolean)
    .join('，')
}

/**
 * The guides that a conversation is about, newest first: what was answered from, sent as a card, or ticked.
 *
 * @param {{kind: string, body: Record<string, any>}[]} events
 * @returns {{guideId: string, title: string, district: string}[]}
 */
export function guidesIn(events) {
  const found = new Map()
  for (const { kind, body } of [...events].reverse()) {
    const named = kind === 'bot_message' ? (body.messages ?? []).flatMap(({ sources }) => sources ?? []) : []
    if (kind === 'guide_card' || kind === 'checklist') named.push(body)
    for (const { guide_id: guideId, title = '', district = '' } of named) {
      if (guideId && !found.has(guideId)) found.set(guideId, { guideId, title, district })
    }
  }
  return [...found.values()]
}

/**
 * The guides from which the bot had the citizen choose last, where it asked back or had only something near.
 *
 * @param {{kind: string, body: Record<string, any>}[]} events as staff read them
 * @returns {{guideId: string, title: string, district: string}[]}
 */
export function offeredIn(events) {
  const last = events.findLast(({ kind, body }) => kind === 'bot_message' && body.trace?.offered?.length > 0)
  return (last?.body.trace.offered ?? []).map(([guideId, title, district]) => ({ guideId, title, district }))
}

/**
 * Which materials of this guide are ticked, by the newest checklist; and the situation it is for.
 *
 * @param {{kind: string, body: Record<string, any>}[]} events
 * @param {string} guideId
 */
export function tickedIn(events, guideId) {
  const last = events.findLast(({ kind, body }) => kind === 'checklist' && body.guide_id === guideId)
  const ticked = (last?.body.items ?? []).filter(({ checked }) => checked).map(({ name }) => name)
  return { situation: last?.body.situation ?? null, ticked: new Set(ticked) }
}
