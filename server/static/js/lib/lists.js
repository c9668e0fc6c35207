/**
 * Reads the lists inside a fact's text, so that they can be set apart on the page. How the lines are
 * written is decided by `knowledge/answering.py`: 「1. 名称（说明，说明）」, 「【情形】」 above a part of them.
 *
 * What a line doesn't say is not made up: a material without a mark gets none.
 */

/** @typedef {{heading: string, start: number, items: string[]}} List */
/** @typedef {{name: string, details: string, mark: '' | '必要' | '可选' | '容缺' | '免交'}} Material */

const NUMBERED = /^\s*(\d{1,2})(?:[.．](?!\d)|、)\s*(\S.*)$/
const HEADING = /^\s*【(.+)】\s*$/
const DETAILS = /^(.+)（([^（）]+)）$/

const MARKS = [
  [/^(?:必要|必需|必须|必交)$/, '必要'],
  [/^(?:非必要|可选|选交)(?:，有则提供)?$|^有则提供$/, '可选'],
  [/^可?容缺(?:后补|受理)?$/, '容缺'],
  [/^可?免提交$/, '免交'],
]

/**
 * The lists that the text consists of; `[]` when any of its lines is something else.
 *
 * @param {string} text
 * @returns {List[]}
 */
export function readLists(text) {
  const lists = []
  for (const line of text.split('\n').filter((line) => line.trim())) {
    const heading = HEADING.exec(line)
    const numbered = NUMBERED.exec(line)
    if (heading) {
      lists.push({ heading: heading[1], start: 1, items: [] })
    } else if (numbered) {
      if (lists.length === 0) lists.push({ heading: '', start: Number(numbered[1]), items: [] })
      lists.at(-1).items.push(numbered[2])
    } else if (lists.at(-1)?.heading && lists.at(-1).items.length === 0) {
      lists.at(-1).items.push(line.trim()) // a single item under a heading has no number
    } else {
      return []
    }
  }
  return lists
}

/**
 * A material apart from what is said about it in brackets.
 *
 * @param {string} item
 * @returns {Material}
 */
export function readMaterial(item) {
  const [, name, details] = DETAILS.exec(item) ?? [null, item, '']
  const said = details.split('，').filter(Boolean)
  const marks = said.map((detail) => MARKS.find(([pattern]) => pattern.test(detail))?.[1] ?? '')
  const mark = marks.find(Boolean) ?? ''
  return { name, details: said.filter((_, position) => !marks[position]).join('，'), mark }
}
