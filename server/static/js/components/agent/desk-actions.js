/**
 * What an agent does with conversations, out of the desk's components or by keys: the way from an event to
 * the session, and from what went wrong to words.
 */

import { openClosing, openTransfer, openWhisper } from './dialogs.js'

export class DeskActions {
  #desk
  #api
  #session
  #call
  #explain
  #agents = []
  #accepting = new Set()
  #guide = ''
  #words = ''

  /**
   * @param {object} parts
   * @param {HTMLElement & {status: any, look: (id: string) => void}} parts.desk
   * @param {import('../../lib/desk_api.js').DeskApi} parts.api
   * @param {import('../../lib/desk_session.js').DeskSession} parts.session
   * @param {import('../../lib/desk_call.js').DeskCall} parts.call
   * @param {(error: unknown) => string} parts.explain shows what went wrong
   */
  constructor({ desk, api, session, call, explain }) {
    this.#desk = desk
    this.#api = api
    this.#session = session
    this.#call = call
    this.#explain = explain
    const listen = (type, act) => desk.addEventListener(type, ({ detail }) => act(detail))
    listen('desk-accept', (id) => this.#accept(id))
    listen('desk-say', (said) => this.#say(said))
    listen('desk-files', (files) => this.#sendFiles(files))
    listen('desk-settle', (what) => this.#settle(what))
    listen('desk-action', (act) => this.run(act))
    listen('desk-tags', (tags) => this.#act('tags', { tags }))
    listen('desk-call', (act) => this.#callAct(act))
    listen('desk-guide', (id) => this.#showGuide(id))
    listen('desk-card', (id) => this.#act('guide-card', { guide_id: id }, '指南卡片已发送'))
    listen('desk-checklist', (ticks) => this.#saveTicks(ticks))
    listen('desk-search', (words) => this.#search(words))
    listen('desk-paper', (wish) => this.#withPapers(({ openAtDesk }) => openAtDesk(session, wish)))
  }

  /** @param {string} act a word of `lib/shortcuts.js` */
  run(act) {
    const { current, queue } = this.#session
    const composer = this.#desk.querySelector('bb-desk-composer')
    if (act === 'accept')
      return queue.length > 0 ? this.#accept(queue[0].id) : this.#desk.status.flash('没有人在等')
    if (act === 'mute') return this.#callAct('mute')
    if (!current) return this.#desk.status.flash('请先选一段对话')
    const acts = {
      reply: () => composer.write('reply'),
      note: () => composer.write('note'),
      canned: () => composer.openCanned(),
      call: () => this.#begin(current),
      form: () => this.#withPapers(({ chooseForm }) => chooseForm(this.#session, current)),
      'hand-back': () => this.#act('hand-back', {}, '已交回机器人'),
      transfer: () => this.#transfer(current),
      close: () => this.#close(current),
    }
    return acts[act]?.()
  }

  /** A supervisor's hand in another's conversation. @param {string} id @param {string} how */
  async watch(id, how) {
    if (how === 'whisper') {
      openWhisper({
        whisper: (text) => this.#attempt(() => this.#api.act(id, 'whisper', { text }), '悄悄话已发给坐席'),
      })
      return
    }
    await this.#attempt(async () => {
      await this.#api.act(id, how)
      await this.#session.lookInto(id)
      if (how === 'take-over') await this.#session.refresh()
      this.#session.look(id)
    })
  }

  /** After taking over: the call that was going on goes on here. */
  async takeCall() {
    const { current } = this.#session
    if (current?.call && current.call.state !== 'ringing') await this.#begin(current)
  }

  /** Who asked for video sees the agent at once: that is what was accepted. */
  async #accept(id) {
    if (this.#accepting.has(id)) return // pressed twice
    this.#accepting.add(id)
    const problem = await this.#attempt(() => this.#session.accept(id))
    this.#accepting.delete(id)
    const { current } = this.#session
    if (problem || !current) return
    this.#desk.look(current.id)
    if (current.facts.mode === 'video' && !this.#call.active) await this.#begin(current)
  }

  #say({ text, note }) {
    const { current } = this.#session
    if (!current) return
    if (note) this.#act('notes', { text }, '备注已保存')
    else this.#session.say(current, text)
  }

  async #sendFiles(files) {
    const { current } = this.#session
    for (const file of files) {
      this.#desk.status.flash(`正在发送 ${file.name}…`)
      await this.#attempt(() => this.#session.sendFile(current, file), `已发送 ${file.name}`)
    }
  }

  #settle({ clientId, again }) {
    const text = this.#session.settle(this.#session.current, clientId, { again })
    if (!again) this.#desk.querySelector('bb-desk-composer').take(text)
  }

  async #begin(chat) {
    await this.#call.begin(chat.id, chat.call?.mode === 'audio' ? 'audio' : 'video', chat.call)
  }

  #callAct(act) {
    const media = this.#call.media
    if (act === 'hang-up') return this.#call.hangUp()
    if (!media) return undefined
    const acts = {
      mute: () => media.setMuted(!media.muted),
      camera: () => media.setCamera(!media.cameraOn),
      switch: () => media.switchCamera(),
      share: () => media.shareScreen(!media.sharing),
    }
    return acts[act] && this.#call.try(acts[act])
  }

  #close(chat) {
    const drafted = this.#api.summaryDraft(chat.id)
    openClosing({
      draft: drafted.then(({ summary = '', text = summary }) => text),
      close: (summary) => this.#leave(chat, 'close', { summary }, '已办结，小结已发送'),
    })
  }

  async #transfer(chat) {
    const { staff } = this.#session
    if (staff.role === 'supervisor') {
      const { agents = [] } = await this.#api.wall().catch(() => ({}))
      this.#agents = agents.map(({ name }) => name).filter((name) => name !== staff.name)
    }
    openTransfer({
      agents: this.#agents,
      transfer: (to) => this.#leave(chat, 'transfer', to, '已转接'),
    })
  }

  async #leave(chat, what, body, done) {
    const problem = await this.#attempt(() => this.#session.act(chat, what, body), done)
    if (!problem && this.#call.conversationId === chat.id) this.#call.hangUp()
    return problem
  }

  async #showGuide(id) {
    const { current } = this.#session
    const panel = this.#desk.querySelector('bb-desk-guide')
    this.#guide = id
    const isWanted = () => current === this.#session.current && id === this.#guide
    try {
      const record = await this.#api.guide(id)
      if (isWanted()) panel.showGuide(record)
    } catch (error) {
      if (isWanted()) panel.fail(this.#explain(error))
    }
  }

  /** What was ticked belongs to its conversation, whichever is looked at by now. */
  async #saveTicks({ chat, ticks, done }) {
    if (this.#session.chats.get(chat?.id) === chat) await this.#attempt(() => this.#session.act(chat, 'checklist', ticks))
    done()
  }

  async #search(words) {
    const district = this.#session.current?.facts.district ?? ''
    this.#words = words
    await this.#attempt(async () => {
      let page = await this.#api.guides(words, district)
      if (page.total === 0 && district) page = await this.#api.guides(words)
      if (words === this.#words) this.#desk.querySelector('bb-desk-guide').showFound(page)
    })
  }

  async #act(what, body, done = '') {
    const { current } = this.#session
    if (!current) {
      this.#desk.status.flash('请先选一段对话')
      return
    }
    await this.#attempt(() => this.#session.act(current, what, body), done)
  }

  /** Forms and signatures, which many conversations have none of. */
  async #withPapers(act) {
    await this.#attempt(async () => act(await import('./papers.js')))
  }

  /** What went wrong, in words, or empty. */
  async #attempt(act, done = '') {
    try {
      await act()
      if (done) this.#desk.status.flash(done)
      return ''
    } catch (error) {
      return this.#explain(error)
    }
  }
}
