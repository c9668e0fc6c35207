/**
 * Who else is in a call, from this desk's side: inviting and having leave, being invited, listening.
 */

import { openInvitation, openInvite, openLink, openRemoval } from './company-dialogs.js'

export class CallCompany {
  #desk
  #api
  #call
  #explain
  #showCall
  #asked = new Map()

  /**
   * @param {object} parts
   * @param {HTMLElement & {status: any}} parts.desk
   * @param {import('../../lib/desk_api.js').DeskApi} parts.api
   * @param {import('../../lib/desk_call.js').DeskCall} parts.call
   * @param {(error: unknown) => string} parts.explain shows what went wrong
   * @param {() => void} parts.showCall brings the call's panel on screen
   */
  constructor({ desk, api, call, explain, showCall }) {
    this.#desk = desk
    this.#api = api
    this.#call = call
    this.#explain = explain
    this.#showCall = showCall
    desk.addEventListener('desk-call', ({ detail }) => {
      if (detail === 'guest') this.#inviteOrRemove().catch(explain)
    })
  }

  /** Passing news of the service. @param {Record<string, any>} news */
  hear({ type, call_id: callId, state }) {
    if (type === 'call.invited') this.look()
    if (type === 'call.state' && state === 'ended') this.#asked.get(callId)?.close()
  }

  /** Whether somebody asks this desk into a call; also after a reload. */
  async look() {
    const { invitations, consent } = await this.#api.invitations().catch(() => ({ invitations: [] }))
    for (const invitation of invitations) {
      const callId = invitation.call_id
      if (this.#asked.has(callId) || (this.#call.active && this.#call.id === callId)) continue
      const dialog = openInvitation({
        invitation,
        text: consent.text,
        come: () => this.#come(callId, consent.version),
        refuse: () => this.#api.company('DELETE', callId, 'visit').catch(this.#explain),
      })
      this.#asked.set(callId, dialog)
      dialog.addEventListener('close', () => this.#asked.delete(callId))
      this.#desk.status.announce(`${invitation.invited_by}邀请您加入通话`)
    }
  }

  /** A supervisor hears a call. @param {string} callId @param {string} conversationId */
  async listen(callId, conversationId) {
    if (this.#isBusy('旁听')) return
    this.#showCall()
    await this.#call.join(callId, 'listener', async () => {
      await this.#api.company('POST', callId, 'listen')
      this.#call.heard = conversationId
    })
  }

  #isBusy(wish) {
    if (this.#call.active) this.#desk.status.flash(`您正在通话中，结束后再${wish}。`, { trouble: true })
    return this.#call.active
  }

  async #come(callId, version) {
    if (this.#isBusy('加入')) return
    const agree = () => this.#api.company('POST', callId, 'visit', { version, agree: true })
    this.#showCall()
    await this.#call.join(callId, 'guest', agree)
  }

  async #inviteOrRemove() {
    const { id, guest } = this.#call
    if (guest) {
      const remove = () => this.#api.company('DELETE', id, 'guest').then(() => '', this.#explain)
      openRemoval({ guest, remove })
      return
    }
    const { agents } = await this.#api.colleagues()
    openInvite({
      agents,
      invite: async (whom) => {
        try {
          const { token, name } = await this.#api.company('POST', id, 'guest', whom)
          if (token) openLink({ name, link: new URL(`/call/${id}#t=${token}`, window.location.href).href })
          else this.#desk.status.flash(`已邀请${name}`)
          return ''
        } catch (error) {
          return this.#explain(error)
        }
      },
    })
  }
}
