/**
 * Who holds the conversation, as its citizen is told: the bot, the queue or an agent, and which call is on.
 *
 * Pure. The log says who holds it and since when; passing news only say how the queue moves.
 */

/**
 * @typedef {object} Holding
 * @property {'bot' | 'queue' | 'agent'} holder
 * @property {string} agent the agent's name as shown, empty if not told
 * @property {string} mode what was asked for: `text` | `video`
 * @property {boolean} again the citizen was with an agent before and keeps the place
 * @property {number | null} position place in the queue
 * @property {number | null} waitSeconds `null`: nobody can tell
 * @property {number | null} agents how many are at work
 * @property {boolean | null} open whether it is office hours; `null`: not told
 * @property {string} hours the office hours in words, empty if not told
 * @property {{id: string, state: string, mode: string} | null} call the call that is on
 * @property {string} lastCall the id of the call that ended last
 */

/** @type {Holding} */
export const AT_BOT = Object.freeze({
  holder: 'bot',
  agent: '',
  mode: '',
  again: false,
  position: null,
  waitSeconds: null,
  agents: null,
  open: null,
  hours: '',
  call: null,
  lastCall: '',
})

/**
 * After an event of the log.
 *
 * @param {Holding} holding
 * @param {{kind: string, body: Record<string, any>}} event
 * @returns {Holding} the same object if nothing has changed
 */
export function holdingAfter(holding, { kind, body }) {
  if (kind === 'handover') {
    return { ...holding, mode: body.mode ?? '', position: holding.position ?? body.position ?? null }
  }
  if (kind === 'holder') return held(holding, body)
  if (kind === 'call') return withCall(holding, body)
  return holding
}

/**
 * After passing news: `queue` and `call.state` tell something, all others nothing.
 *
 * @param {Holding} holding
 * @param {Record<string, any>} news
 * @returns {Holding} the same object if nothing has changed
 */
export function holdingWithNews(holding, news) {
  if (news.type === 'queue') {
    const { position, wait_seconds: waitSeconds = null, agents = null, open = null, hours = '' } = news
    return { ...holding, position: position ?? holding.position, waitSeconds, agents, open, hours }
  }
  if (news.type === 'call.state') return withCall(holding, news)
  return holding
}

/** Whether nobody will come soon, so that the citizen should be offered something else. */
export function nobodyComes({ agents, open, waitSeconds }) {
  return agents === 0 || open === false || (waitSeconds ?? 0) > LONG_WAIT_SECONDS
}

/** Whoever has to wait longer than this should hear of another way without looking for it. */
const LONG_WAIT_SECONDS = 20 * 60

/** News of the queue may overtake the log, so what they told stays when the log says that one waits. */
function held(holding, { holder, agent = '' }) {
  const { lastCall } = holding
  if (holder === 'agent') return { ...holding, holder, agent, again: false, position: null, waitSeconds: null }
  if (holder !== 'queue') return { ...AT_BOT, lastCall }
  return { ...holding, holder, agent: '', call: null, again: holding.holder === 'agent' }
}

function withCall(holding, { call_id: id, state, mode }) {
  const word = String(state).toLowerCase()
  if (word === 'ended') return { ...holding, call: null, lastCall: id }
  const known = holding.call?.id === id ? holding.call.mode : 'video'
  return { ...holding, call: { id, state: word, mode: mode ?? known } }
}
