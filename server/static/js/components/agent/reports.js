/**
 * <bb-desk-reports> is a supervisor's look back over some days: waits, calls, outcomes, reasons, quality, load
 * by the hour, how wrong the told waits were, ratings, each agent. Plots for the eye, tables with every figure.
 * Loaded when they are opened.
 *
 * Accessibility criteria
 * - Each part has a heading; its plot is a picture whose words say what it shows, the table beside it holds the
 *   figures with caption and header cells.
 * - Series are told apart by fill and outline, and named in words, not by colour alone.
 * - A period that can't be is said in words at the field; figures that came are announced once.
 *
 * Tells `desk-report` with `{from, to}`.
 */

import { columns, rows } from '../../lib/charts.js'
import { percent } from '../../lib/desk_words.js'
import { make, tell } from '../../lib/dom.js'
import { lastDays, periodProblem } from '../../lib/report_days.js'
import { needStyle } from '../../lib/styles.js'
import { table } from './table.js'

await needStyle('desk-reports')

const QUICK = Object.freeze([
  [1, '今天'],
  [7, '近 7 天'],
  [30, '近 30 天'],
])

/** What is counted by its code, and how the part is called. */
const COUNTED = Object.freeze([
  ['states', '转人工后怎样了'],
  ['outcomes', '结果'],
  ['reasons', '为什么找人工'],
  ['call_ends', '通话怎么结束'],
  ['call_quality', '通话质量'],
  ['call_modes', '通话方式'],
  ['ratings', '评价'],
])

export class Reports extends HTMLElement {
  #from = make('input', { type: 'date', class: 'field', id: 'report-from', required: true })
  #to = make('input', { type: 'date', class: 'field', id: 'report-to', required: true })
  #problem = make('p', { class: 'wall__problem', role: 'alert' })
  #told = make('p', { class: 'report__told', role: 'status' })
  #download = make('a', { class: 'button button--small', hidden: true, download: true }, '下载表格（XLSX）')
  #figures = make('dl', { class: 'figures' })
  #parts = make('div', { class: 'report__parts' })

  connectedCallback() {
    if (this.firstChild) return
    const form = make(
      'form',
      { class: 'report__form', novalidate: true },
      make('div', { class: 'report__quick', role: 'group', 'aria-label': '常用时间' }, ...QUICK.map((each) => this.#quick(each))),
      make('div', { class: 'report__day' }, make('label', { class: 'label', for: 'report-from' }, '从'), this.#from),
      make('div', { class: 'report__day' }, make('label', { class: 'label', for: 'report-to' }, '到'), this.#to),
      make('button', { class: 'button button--small' }, '查看'),
      this.#download,
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.ask()
    })
    this.append(make('h1', { class: 'report__title' }, '服务报表'), form, this.#problem, this.#told, this.#figures, this.#parts)
  }

  get period() {
    return { from: this.#from.value, to: this.#to.value }
  }

  /** Asks for the period that is chosen; the last seven days if none is. */
  ask() {
    if (!this.#from.value && !this.#to.value) this.#choose(7)
    const problem = periodProblem(this.period)
    this.fail(problem)
    if (!problem) tell(this, 'desk-report', this.period)
  }

  /** @param {string} text */
  fail(text) {
    this.#problem.textContent = text
  }

  /** @param {Record<string, any>} report what `GET /api/v1/staff/reports` answers @param {string} address of the workbook */
  show(report, address) {
    this.fail('')
    this.#download.href = address
    this.#download.hidden = false
    this.#told.textContent = `${report.first} 至 ${report.last}：找人工 ${report.handovers} 次，通话 ${report.calls} 次。`
    this.#figures.replaceChildren(...keyFigures(report))
    this.#parts.replaceChildren(
      hoursPart(report.hours),
      timesPart(report),
      ...COUNTED.map(([kind, title]) => countedPart(title, report[kind], report.words[kind] ?? {})),
      errorPart(report.estimate_error, report.words.estimate_error),
      agentsPart(report.agents),
    )
  }

  #quick([days, words]) {
    return make('button', { type: 'button', class: 'action', click: () => (this.#choose(days), this.ask()) }, words)
  }

  #choose(days) {
    const { from, to } = lastDays(days, new Date())
    this.#from.value = from
    this.#to.value = to
  }
}

function keyFigures(report) {
  const scores = Object.entries(report.ratings).map(([score, count]) => [Number(score), count])
  const rated = scores.reduce((sum, [, count]) => sum + count, 0)
  const mean = rated ? (scores.reduce((sum, [score, count]) => sum + score * count, 0) / rated).toFixed(1) : '—'
  const error = report.estimate_error
  return [
    ['找人工', report.handovers, ''],
    ['等候中位', seconds(report.waits.median), `九成在 ${seconds(report.waits.worst_tenth)} 内`],
    ['通话', report.calls, `接通 ${report.calls_answered}，录像 ${report.calls_recorded}`],
    ['通话中位', seconds(report.call_time.median), ''],
    ['评价', mean, rated ? `${rated} 人评价，满分 5` : '没有评价'],
    ['等候预估', error.count ? percent(error.held) : '—', error.count ? `大致准，中位误差 ${seconds(error.median_absolute)}` : '没有样本'],
  ].map(([label, value, more]) =>
    make('div', {}, make('dt', {}, label), make('dd', {}, String(value)), make('dd', { class: 'figures__more' }, more)),
  )
}

function hoursPart(hours) {
  const busiest = hours.reduce((best, each) => (each.handovers > best.handovers ? each : best), hours[0])
  const words = busiest.handovers
    ? `一天里 ${busiest.hour} 时找人工最多，${busiest.handovers} 次。`
    : '这段时间没有人找人工。'
  const names = ['找人工', '通话']
  const keys = names.map((name, number) => make('span', { class: `plot__key plot__key--${number}` }, name))
  const legend = make('p', { class: 'plot__legend' }, ...keys)
  const series = [hours.map(({ handovers }) => handovers), hours.map(({ calls }) => calls)]
  const plot = columns(hours.map(({ hour }) => String(hour)), series, { words, every: 2 })
  const lines = hours.filter(({ handovers, calls }) => handovers || calls)
  const figures = lines.map(({ hour, handovers, calls }) => [`${hour} 时`, handovers, calls])
  return part('一天各时段', [make('p', { class: 'report__words' }, words), legend, plot], ['时段', ...names], figures, true)
}

function timesPart({ waits, service, call_time: calls }) {
  const spreads = [
    ['等候', waits],
    ['接待', service],
    ['通话', calls],
  ]
  const bars = spreads.flatMap(([name, spread]) => [
    [`${name}·中位`, spread.median, seconds(spread.median)],
    [`${name}·九成以内`, spread.worst_tenth, seconds(spread.worst_tenth)],
  ])
  const words = spreads.map(([name, { median, worst_tenth: tenth }]) => `${name}中位 ${seconds(median)}，九成在 ${seconds(tenth)} 内`).join('；')
  const lines = spreads.map(([name, { count, mean, median, worst_tenth: tenth, longest }]) => [
    name,
    count,
    ...[mean, median, tenth, longest].map(seconds),
  ])
  return part('用了多久', [rows(bars, { words })], ['', '次数', '平均', '中位', '九成以内', '最长'], lines)
}

function countedPart(title, counted, words) {
  const entries = Object.entries(counted).map(([code, count]) => [words[code] ?? code, count])
  if (!entries.some(([, count]) => count > 0)) return emptyPart(title)
  const total = entries.reduce((sum, [, count]) => sum + count, 0)
  const [most, times] = entries.reduce((best, each) => (each[1] > best[1] ? each : best))
  const plot = rows(entries, { words: `${title}：最多的是“${most}”，${times} 次，共 ${total} 次。` })
  const lines = entries.map(([name, count]) => [name, count, percent(count / total)])
  return part(title, [plot], ['', '次数', '占比'], lines)
}

function errorPart(error, words) {
  if (!error.count) return emptyPart('等候预估准不准')
  const told = { held: percent, kept: percent, count: String }
  const lines = Object.entries(error).map(([code, value]) => [
    (words[code] ?? code).replace('（秒）', ''),
    (told[code] ?? seconds)(value),
  ])
  const plot = rows(
    [
      ['大致准', error.held, percent(error.held)],
      ['没有超时太多', error.kept, percent(error.kept)],
    ],
    { words: `告诉市民的等候时间，${percent(error.held)} 大致准，${percent(error.kept)} 没有超时太多。` },
  )
  return part('等候预估准不准', [plot], ['', ''], lines)
}

function agentsPart(agents) {
  if (agents.length === 0) return emptyPart('坐席')
  const plot = rows(
    agents.map(({ agent, taken }) => [agent, taken]),
    { words: `各坐席接待次数，共 ${agents.length} 人。` },
  )
  const lines = agents.map(({ agent, taken, calls, service, ratings, score }) => [
    agent,
    taken,
    calls,
    seconds(service.median),
    ratings,
    score ?? '—',
  ])
  return part('坐席', [plot], ['坐席', '接待', '通话', '接待中位', '评价', '平均分'], lines, true)
}

function part(title, shown, heads, lines, wide = false) {
  return make(
    'section',
    { class: wide ? 'report__part report__part--wide' : 'report__part' },
    make('h2', {}, title),
    make('div', { class: 'report__plot' }, ...shown),
    table(title, heads, lines, { headed: true }),
  )
}

function emptyPart(title) {
  return make('section', { class: 'report__part' }, make('h2', {}, title), make('p', { class: 'inbox__empty' }, '这段时间没有。'))
}

/** 「45 秒」, 「3 分 5 秒」, 「1 小时 2 分」. @param {number} value */
function seconds(value) {
  const whole = Math.round(Math.abs(value))
  const sign = value < 0 && whole > 0 ? '−' : ''
  if (whole < 60) return `${sign}${whole} 秒`
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} 分${whole % 60 ? ` ${whole % 60} 秒` : '钟'}`
  return `${sign}${Math.floor(whole / 3600)} 小时 ${Math.floor((whole % 3600) / 60)} 分`
}

customElements.define('bb-desk-reports', Reports)
