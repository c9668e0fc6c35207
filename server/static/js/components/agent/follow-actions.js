/**
 * What staff do with follow-ups and ended conversations: the way from the view's events to the service and back. It keeps
 * nothing: the conversations read here aren't the agent's own.
 */

import { DeskChat } from '../../lib/desk_chat.js'
import { openOutcome } from './dialogs.js'

export class FollowActions {
  #desk
  #api
  #explain
  #looked = ''

  /**
   * @param {object} parts
   * @param {HTMLElement & {status: any}} parts.desk
   * @param {import('../../lib/desk_api.js').DeskApi} parts.api
   * @param {(error: unknown) => string} parts.explain shows what went wrong
   */
  constructor({ desk, api, explain }) {
    this.#desk = desk
    this.#api = api
    this.#explain = explain
    const listen = (type, act) => desk.addEventListener(type, ({ detail }) => act(detail))
    listen('desk-follow-list', () => this.draw())
    listen('desk-follow-look', (id) => this.#look(id))
    listen('desk-follow-records', (id) => this.#showRecordings(id))
    listen('desk-follow-done', (followUp) => this.#finish(followUp))
  }

  get #view() {
    return this.#desk.querySelector('bb-desk-follow-ups')
  }

  /** Gets the list anew. */
  async draw() {
    const { done } = this.#view
    await this.#attempt(async () => {
      const [{ follow_ups: followUps }, { conversations }] = await Promise.all([
        this.#api.followUps(done),
        this.#api.ended(),
      ])
      this.#view.showEnded(conversations, new Date())
      if (done === this.#view.done) this.#view.show(followUps, new Date())
    })
  }

  async #look(id) {
    this.#looked = id
    await this.#attempt(async () => {
      const conversation = await this.#api.conversation(id)
      if (id !== this.#looked) return // another has been asked for since
      const chat = new DeskChat(id)
      chat.describe({ ...conversation, events: undefined })
      for (const event of conversation.events) chat.take(event)
      const addressOf = (fileId) => this.#api.fileAddress(id, fileId)
      this.#view.showChat(chat, { now: new Date(), addressOf })
    })
  }

  async #showRecordings(id) {
    await this.#attempt(async () => {
      const { recordings } = await this.#api.recordings(id)
      if (id !== this.#looked) return
      this.#view.showRecordings(recordings, {
        now: new Date(),
        addressOf: (name) => this.#api.recordingAddress(name),
      })
    })
  }

  #finish({ id, text }) {
    openOutcome({
      text,
      finish: async (outcome) => {
        const problem = await this.#attempt(() => this.#api.finishFollowUp(id, outcome))
        if (problem) return problem
        this.#desk.status.flash('已处理')
        this.draw()
        return ''
      },
    })
  }

  /** What went wrong, in words, or empty. */
  async #attempt(act) {
    try {
      await act()
      return ''
    } catch (error) {
      const problem = this.#explain(error)
      this.#view.fail(problem)
      return problem
    }
  }
}
