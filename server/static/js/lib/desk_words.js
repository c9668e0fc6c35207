/**
 * What the desk says in plain words about waiting, events, and how the bot understood something. Pure.
 */

import { Refusal, ConnectionError } from './errors.js'
import { shownName } from './showing.js'
import { SATISFACTION } from './timeline.js'

export const MODES = Object.freeze({ text: '文字', audio: '语音', video: '视频' })

/** Where a citizen writes from. */
export const CHANNELS = Object.freeze({ wechat: '微信', web: '网页', kiosk: '自助终端' })

export const AGENT_STATES = Object.freeze({ available: '在线', break: '小休', offline: '离线' })

/** What somebody is to see to. */
export const FOLLOW_UPS = Object.freeze({ message: '留言', rating: '差评' })

/** How a conversation ended with its agent. */
export const ENDINGS = Object.freeze({
  closed: '已办结',
  handed_back: '交回机器人',
  citizen_left: '对方结束',
  citizen_gone: '对方离开',
})

export const PARTIES = Object.freeze({ citizen: '市民', agent: '坐席' })

const RECORDINGS = Object.freeze({
  recording: '正在录制，结束后可以看',
  interrupted: '录到一半中断',
  disk_full: '磁盘满，没有录完',
  failed: '写入失败，没有录完',
})

/** What is to be said of a recording; empty for a whole one. @param {string} state */
export const recordingWords = (state) => RECORDINGS[state] ?? ''

const PRIORITIES = Object.freeze({ 0: '掉线重连', 1: '预约', 2: '老年人、残疾人' })
const NAMED = Object.freeze({
  elderly: '老年人',
  disabled: '残疾人',
  appointment: '预约',
  dropped: '掉线重连',
})

/** Why somebody goes before others; empty for most. @param {{priority?: number | string, kept_place?: boolean}} w */
export function priorityWords({ priority, kept_place: keptPlace }) {
  if (NAMED[priority]) return NAMED[priority]
  return PRIORITIES[priority] ?? (keptPlace ? '转接' : '')
}

/** 「不到 1 分钟」, 「7 分钟」, 「1 小时 5 分」. @param {number} seconds */
export function durationWords(seconds) {
  const minutes = Math.floor(Math.max(0, seconds) / 60)
  if (minutes < 1) return '不到 1 分钟'
  if (minutes < 60) return `${minutes} 分钟`
  return `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`
}

/** 「04:31」 for a call. @param {number} seconds */
export function clockWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  return [Math.floor(whole / 60), whole % 60].map((part) => String(part).padStart(2, '0')).join(':')
}

/** How long somebody waits is a matter of concern: none, some, much. @param {number} seconds */
export function waitingLevel(seconds) {
  if (seconds >= 300) return 'long'
  return seconds >= 120 ? 'some' : 'short'
}

const CAUSES = Object.freeze({
  hand_back: '已交回机器人',
  close: '已办结，机器人接着答',
  citizen_gone: '对方已离开',
  transfer: '已转接，对方在排队',
  agent_lost: '坐席掉线，对方回到队首',
})

const CALL_STATES = Object.freeze({
  ringing: '正在呼叫',
  consenting: '等对方同意录音录像',
  connecting: '正在接通',
  live: '通话中',
  held: '一方网络中断，通话保留中',
  ended: '通话已结束',
})

/** @param {string} state */
export const callWords = (state) => CALL_STATES[state] ?? state

/**
 * What an event of the log is as a line between the messages; empty for what is shown otherwise or not at all.
 *
 * @param {string} kind
 * @param {Record<string, any>} body
 */
export function lineWords(kind, body) {
  switch (kind) {
    case 'notice':
      return body.text
    case 'show':
      return `给对方看：${shownName(body)}`
    case 'show_ended':
      return body.by === 'citizen' ? '对方关上了展示' : '收起了展示'
    case 'handover':
      return `登记人工服务（${MODES[body.mode] ?? body.mode}）${body.topic ? `：${body.topic}` : ''}`
    case 'holder':
      return holderWords(body)
    case 'rating': {
      const grade = SATISFACTION.find(([score]) => score === body.score)?.[1] ?? body.score
      return `评价：${grade}${body.comment ? `，${body.comment}` : ''}`
    }
    case 'tags':
      return body.tags?.length > 0 ? `标签：${body.tags.join('、')}` : '标签已清空'
    case 'call':
      return `${MODES[body.mode] ?? ''}${callWords(body.state)}`
    case 'checklist': {
      const checked = body.items?.filter((item) => item.checked).length ?? 0
      return `材料核对：已齐 ${checked} 项，共 ${body.items?.length ?? 0} 项`
    }
    case 'form':
      return `${{ open: '一起填', finished: '已定稿', discarded: '已作废' }[body.state] ?? ''}：${body.title}`
    case 'signature': {
      const signed = body.method === 'typed' ? '市民输入姓名确认了' : '市民已签名'
      return `${{ asked: '已请市民签名', signed, declined: '市民不签', withdrawn: '已撤回' }[body.state] ?? ''}：${body.title}`
    }
    default:
      return ''
  }
}

function holderWords({ holder, cause, agent }) {
  if (CAUSES[cause]) return CAUSES[cause]
  if (holder === 'agent') return `${agent || '坐席'} 接入对话`
  return holder === 'queue' ? '进入人工排队' : '机器人接着答'
}

const INTENTS = Object.freeze({
  ask_conditions: '问受理条件',
  ask_fee: '问收费',
  ask_general: '问怎么办',
  ask_hours: '问办理时间',
  ask_location: '问办理地点',
  ask_materials: '问材料',
  ask_online: '问能否网上办',
  ask_phone: '问电话',
  ask_process: '问流程',
  ask_result: '问办理结果',
  ask_time_limit: '问多久办好',
  complain: '表达不满',
  inform: '补充情况',
  out_of_scope: '不属于办事咨询',
  own_case: '问自己办件的进度',
  pick: '点选一项',
  request_human: '要找人工',
  request_video: '要视频帮办',
  emergency: '遇到危险',
  illegal: '涉及违法',
})

const STATUSES = Object.freeze({
  answered: '已按指南答复',
  clarifying: '追问了一句',
  no_guide: '没有对应的指南',
  small_talk: '寒暄',
  safety: '给了安全提示',
  waiting_for_agent: '登记了人工',
  error: '系统出错，没能答复',
})

/** What became of a question. @param {string} status */
export const statusWords = (status) => STATUSES[status] ?? status ?? ''

/**
 * How the bot came to a reply, a sentence a line.
 *
 * @param {{status: string, trace?: Record<string, any>}} reply
 * @returns {{label: string, text: string}[]}
 */
export function traceWords({ status, trace = {} }) {
  const lines = [{ label: '结果', text: statusWords(status) }]
  const add = (label, text) => text && lines.push({ label, text })
  if (trace.intent) add('意图', `${INTENTS[trace.intent] ?? trace.intent}${sureness(trace.confidence)}`)
  add('点选', trace.picked)
  add('认定事项', candidates(trace.kept))
  add('没有采用', candidates(trace.rejected?.slice(0, 3)))
  const [topic, share] = trace.elsewhere ?? []
  if (topic && share > 0.05) add('可能超出范围', `${topic}（${percent(share)}）`)
  return lines
}

/** @param {[string, string][]} [list] */
function candidates(list = []) {
  return list.map(([name, arithmetic]) => `${name}${likelihood(arithmetic)}`).join('；')
}

/** The arithmetic ends in the weight: 「主题 0.91 → 0.874」. */
function likelihood(arithmetic = '') {
  const weight = Number(/→\s*([\d.]+)\s*$/.exec(arithmetic)?.[1])
  return Number.isFinite(weight) ? `（${percent(weight)}）` : ''
}

const sureness = (confidence) => (confidence ? `，把握 ${percent(confidence)}` : '')

/** 「72%」. @param {number} share from 0 to 1 */
export const percent = (share) => `${Math.round(share * 100)}%`

/**
 * What to tell an agent when something didn't work.
 *
 * @param {unknown} error
 */
export function deskProblem(error) {
  if (error instanceof ConnectionError) return '没有连上服务器，稍后再试。'
  if (!(error instanceof Refusal)) return '页面出了点问题，请刷新。'
  if (error.status === 401) return '登录已过期，请重新登录。'
  if (error.status === 403) return '您的账号没有这项权限。'
  if (error.status === 409) return error.message || '这段对话刚被别人处理了。'
  if (error.status === 429) return '操作太快了，请稍等。'
  if (error.code === 'media_full') return '视频线路已满，请先用文字沟通。'
  if (error.status >= 500) return '系统正忙，请稍后再试。'
  return error.message || '没有办成，请再试一次。'
}
