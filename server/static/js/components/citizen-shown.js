/**
 * What the agent shows, on the citizen's page: the panel, its file, and the citizen's finger.
 */

import { Finger } from '../lib/finger.js'
import { icon, make } from '../lib/dom.js'
import './bb-shown.js'
import { dataAddress, fetchFile, saveFile } from './conversation-files.js'

export class CitizenShown {
  #host
  #session
  #put
  #panel = null
  #shown = null
  #finger

  /** @see followShowing */
  constructor(host, session, put) {
    this.#host = host
    this.#session = session
    this.#put = put
    this.#finger = new Finger((mark) => session.live.send({ type: 'point', show: this.#shown?.show, ...mark }))
  }

  /** @param {import('../lib/showing.js').Shown} shown */
  open(shown) {
    if (this.#shown?.show === shown.show) return
    this.close()
    this.#shown = shown
    const panel = document.createElement('bb-shown')
    this.#panel = panel
    panel.addEventListener('bb-shown-close', () => this.#closeByHand())
    panel.addEventListener('bb-shown-say', ({ detail }) => this.#host.querySelector('bb-status').announce(detail))
    panel.addEventListener('bb-point', ({ detail }) => this.#finger.point(detail))
    this.#put(panel)
    panel.open(shown, {
      who: '工作人员请您看',
      close: '关闭',
      hint: '点一点，可以指给工作人员看',
      address: shown.form === 'picture' ? this.#picture(panel, shown) : undefined,
      file: () => this.#file(panel, shown),
    })
  }

  /** @param {Record<string, any>} news */
  mark(news) {
    if (news.show === this.#shown?.show) this.#panel.mark(news)
  }

  close() {
    this.#finger.forget()
    this.#panel?.remove()
    this.#panel = null
    this.#shown = null
  }

  #closeByHand() {
    const { show } = this.#shown
    const hadFocus = this.#panel.contains(document.activeElement)
    this.close()
    if (hadFocus) this.#host.querySelector('bb-composer')?.focus()
    // The agent learns of it; a citizen who is cut off has closed it all the same.
    this.#session.ask('POST', `shows/${show}/close`).catch(() => {})
  }

  async #picture(panel, { fileId }) {
    const blob = await fetchFile(panel, fileId, { quietly: true })
    if (!blob) throw new Error('the picture could not be fetched')
    return dataAddress(blob)
  }

  #file(panel, { fileId, name }) {
    const open = async () => {
      const blob = await fetchFile(panel, fileId)
      if (blob) saveFile(blob, name)
    }
    return make('button', { type: 'button', class: 'button', click: open }, icon('materials'), '打开文件')
  }
}
