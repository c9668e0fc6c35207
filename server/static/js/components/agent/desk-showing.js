/**
 * The agent shows the citizen something and points at it: the way from a press to the session, and the panel
 * with what is shown now. What draws it is loaded when something is shown for the first time.
 */

import { Finger } from '../../lib/finger.js'
import { icon, make } from '../../lib/dom.js'

export class DeskShowing {
  #desk
  #api
  #session
  #explain
  #panel = null
  #drawn = ''
  #open = { id: '', show: 0 }
  /** Where the citizen pointed last. */
  #pointed = null
  #finger

  /**
   * @param {object} parts
   * @param {HTMLElement & {status: any}} parts.desk
   * @param {import('../../lib/desk_api.js').DeskApi} parts.api
   * @param {import('../../lib/desk_session.js').DeskSession} parts.session
   * @param {(error: unknown) => string} parts.explain shows what went wrong
   */
  constructor({ desk, api, session, explain }) {
    this.#desk = desk
    this.#api = api
    this.#session = session
    this.#explain = explain
    this.#finger = new Finger((mark) => this.#send(mark))
    desk.addEventListener('desk-show', ({ detail }) => this.#show(detail))
    session.addEventListener('point', ({ detail }) => this.#hear(detail))
  }

  /** @param {import('../../lib/desk_chat.js').DeskChat | null} chat @param {boolean} own */
  draw(chat, own) {
    const shown = own ? chat?.shown : null
    const key = shown ? `${chat.id} ${shown.show}` : ''
    if (key === this.#drawn) return
    this.#drawn = key
    this.#finger.forget()
    this.#panel?.remove()
    this.#panel = null
    if (shown) this.#openPanel(chat.id, shown, key)
  }

  async #openPanel(id, shown, key) {
    try {
      await import('../bb-shown.js')
    } catch {
      this.#drawn = '' // the next change tries again
      return
    }
    if (key !== this.#drawn) return
    this.#open = { id, show: shown.show }
    const address = this.#api.fileAddress(id, shown.fileId)
    const panel = document.createElement('bb-shown')
    this.#panel = panel
    panel.addEventListener('bb-shown-close', () => this.#close())
    panel.addEventListener('bb-shown-say', ({ detail }) => this.#desk.status.announce(detail))
    panel.addEventListener('bb-point', ({ detail }) => this.#finger.point(detail))
    this.#desk.querySelector('.talk__shown').replaceChildren(panel)
    panel.open(shown, {
      who: '正在给对方看',
      close: '收起',
      hint: shown.form === 'picture' ? '点图片指给对方看，或按方向键移动标记' : '点一行指给对方看，或按上下键',
      address: Promise.resolve(address),
      file: () => make('a', { href: address, download: shown.name }, icon('materials'), shown.name),
    })
    if (this.#pointed) this.#hear(this.#pointed)
  }

  async #show(what) {
    const { current } = this.#session
    if (!current) return
    try {
      await this.#session.act(current, 'shows', what)
      this.#desk.status.flash('已在对方页面打开')
    } catch (error) {
      this.#explain(error)
    }
  }

  async #close() {
    const { id, show } = this.#open
    const chat = this.#session.chats.get(id)
    if (!chat) return
    try {
      await this.#session.act(chat, `shows/${show}/close`)
      this.#desk.querySelector('bb-desk-talk').focus()
    } catch (error) {
      this.#explain(error)
    }
  }

  #send(mark) {
    const { id, show } = this.#open
    this.#session.live.send({ type: 'point', conversation_id: id, show, ...mark })
  }

  #hear(news) {
    this.#pointed = news // the panel may not be there yet
    if (news.conversation_id === this.#open.id && news.show === this.#open.show) this.#panel?.mark(news)
  }
}
