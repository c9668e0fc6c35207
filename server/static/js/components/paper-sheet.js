/**
 * The sheet that a form or a signature opens on: the same for citizen and agent, beside what goes on where
 * there is room. Loaded when the first one opens.
 *
 * Accessibility criteria
 * - A native modal `dialog` named by its heading: focus stays inside, Escape closes, the focus returns.
 *   Closing loses nothing: what was typed goes on being saved, and the entry in the talk opens it again.
 * - What happens on the other side is told in one status line; what went wrong in an alert.
 * - When the view changes the focus goes to the new heading.
 */

import { icon, make } from '../lib/dom.js'
import { SharedForm } from '../lib/shared_form.js'
import { needStyle } from '../lib/styles.js'
import './bb-signing.js'
import { confirm } from './confirm.js'
import { dataAddress, saveFile } from './conversation-files.js'
import { formFields } from './form-fields.js'
import { frozenForm, hasDigest, localTime, printSheet } from './frozen-form.js'

const DISCARD = Object.freeze({
  question: '作废这份表单？',
  meaning: '已填的内容会删除，双方都看不到了。',
  yes: '作废',
  no: '返回',
})

const FILLING = Object.freeze({
  citizen: '您和工作人员一起填，写的内容自动保存。',
  agent: '您和市民一起填，一栏一人。',
})

/** @type {Sheet | null} */
let open = null

/**
 * Opens a paper, or comes back to it if it is open already.
 *
 * @param {{kind: 'form' | 'signature', id: string}} paper
 * @param {Surroundings} around
 *
 * @typedef {object} Surroundings
 * @property {'citizen' | 'agent'} side
 * @property {boolean} [readOnly] the paper is looked at; whoever holds the conversation works on it
 * @property {import('../lib/live_events.js').LiveEvents} live
 * @property {(method: string, path: string, body?: object | FormData) => Promise<any>} ask below the conversation
 * @property {(fileId: string) => Promise<Blob>} fetchFile
 * @property {(error: unknown) => string} explain
 */
export async function openPaper(paper, around) {
  await needStyle('papers')
  if (open?.isAt(paper)) return
  open?.close()
  open = new Sheet(around)
  await open.show(paper)
}

class Sheet {
  #around
  #paper = null
  #form = null
  #turn = 0
  #title = make('h2', { class: 'dialog__title', id: 'paper-title', tabindex: '-1' })
  #body = make('div', { class: 'paper__body' })
  #status = make('p', { class: 'paper__status', role: 'status' })
  #problem = make('p', { class: 'dialog__problem', role: 'alert' })
  #acts = make('div', { class: 'dialog__actions' })
  #dialog

  constructor(around) {
    this.#around = around
    this.#dialog = make(
      'dialog',
      { class: `dialog paper paper--${around.side}`, 'aria-labelledby': 'paper-title' },
      make(
        'button',
        { type: 'button', class: 'dialog__close', 'aria-label': '关闭', click: () => this.#dialog.close() },
        icon('close'),
      ),
      this.#title,
      this.#body,
      make('div', { class: 'paper__foot' }, this.#status, this.#problem, this.#acts),
    )
    this.#dialog.addEventListener('close', () => this.#closed())
    around.live.addEventListener('news', this.#hear)
    document.body.append(this.#dialog)
    this.#dialog.showModal()
  }

  isAt({ kind, id }) {
    return this.#paper?.kind === kind && this.#paper.id === id && this.#dialog.open
  }

  close() {
    this.#dialog.close()
  }

  async show(paper) {
    this.#paper = paper
    this.#letFormGo()
    this.#title.textContent = '正在打开…'
    this.#clear()
    await this.#draw()
  }

  #closed() {
    this.#letFormGo()
    this.#around.live.removeEventListener('news', this.#hear)
    this.#dialog.remove()
    if (open === this) open = null
  }

  /** What was typed goes on being sent after the sheet is closed. */
  #letFormGo() {
    const form = this.#form
    this.#form = null
    form?.settled().finally(() => form.close())
  }

  async #draw() {
    const { kind, id } = this.#paper
    this.#turn += 1
    const turn = this.#turn
    const isNewest = () => turn === this.#turn // else something was told, or asked for, meanwhile
    try {
      if (kind === 'form') await this.#drawForm(id)
      else await this.#drawSignature(id, isNewest)
    } catch (error) {
      if (!isNewest()) return
      this.#title.textContent = '没有打开'
      this.#say(this.#around.explain(error))
      this.#offer(['再试一次', () => this.show(this.#paper), 'button'])
    }
  }

  // --- a form ---------------------------------------------------------------------------------------

  async #drawForm(formId) {
    const form = new SharedForm({ formId, ask: this.#around.ask, live: this.#around.live })
    this.#form = form
    await form.load()
    if (this.#form !== form) return form.close()
    let state = ''
    let fields = null
    const draw = (name) => {
      if (this.#form !== form) return
      if (form.view.state === state) return fields?.show(name)
      state = form.view.state
      fields = this.#drawFormState(form)
    }
    form.addEventListener('change', ({ detail }) => draw(detail))
    draw()
    return undefined
  }

  #drawFormState(form) {
    const { view } = form
    this.#clear()
    this.#head(view.title)
    if (view.state === 'discarded') {
      this.#body.replaceChildren(make('p', {}, '这份表单已作废。'))
      return null
    }
    if (view.state === 'finished') {
      this.#drawFinished(view)
      return null
    }
    const { readOnly } = this.#around
    const fields = formFields(form, { readOnly })
    const how = readOnly ? '还没有定稿，您只能看。' : FILLING[this.#around.side]
    const notes = [view.note, how]
    this.#body.replaceChildren(
      ...notes.filter(Boolean).map((text) => make('p', { class: 'paper__note' }, text)),
      fields.element,
      ...(view.statement ? [make('p', { class: 'frozen__statement' }, view.statement)] : []),
    )
    if (!this.#isAgent) this.#offer(['填好了', () => this.#readyToFinish(form, fields), 'button'])
    else if (!readOnly) {
      this.#offer(
        ['作废', () => this.#discard(form), 'button button--quiet'],
        ['定稿', () => this.#finish(form, fields), 'button'],
      )
    }
    return fields
  }

  #drawFinished(view) {
    const frozen = frozenForm(view.frozen, view.sha256)
    this.#body.replaceChildren(make('p', { class: 'paper__note' }, '已定稿，内容不再改变。'), frozen)
    const print = ['打印', () => printSheet(frozen), 'button button--quiet']
    if (!this.#isAgent || this.#around.readOnly) return this.#offer(print)
    return this.#offer(print, ['请市民签名', () => this.#askToSign({ form_id: view.form_id }), 'button'])
  }

  /** Nothing is sent off by the citizen: the agent finishes. So it says what is missing, or that it is well. */
  async #readyToFinish(form, fields) {
    await form.settled()
    this.#say(fields.focusFirstProblem() ? '还有栏目没填好，请看标出的地方。' : '')
    if (!this.#problem.textContent) this.#status.textContent = '都填好了，请告诉工作人员。'
  }

  async #finish(form, fields) {
    await form.settled()
    if (fields.focusFirstProblem()) return this.#say('还有栏目没填好，请看标出的地方。')
    return this.#attempt(() => form.end('finish'))
  }

  async #discard(form) {
    if (await confirm(DISCARD)) await this.#attempt(() => form.end('discard'))
  }

  /** @param {{form_id?: string, file_id?: string}} what */
  async #askToSign(what) {
    await this.#attempt(async () => {
      const asked = await this.#around.ask('POST', 'signatures', what)
      await this.show({ kind: 'signature', id: asked.signature_id })
    })
  }

  // --- a signature ----------------------------------------------------------------------------------

  async #drawSignature(id, isNewest) {
    const request = await this.#around.ask('GET', `signatures/${encodeURIComponent(id)}`)
    const shown = await this.#document(request)
    const result = await this.#result(request)
    if (!isNewest()) return
    this.#clear()
    this.#head(`${request.state === 'asked' ? '请签名' : '签名'}：${request.title}`)
    this.#body.replaceChildren(shown, ...(result ? [result] : []))
    if (request.state === 'asked' && !this.#isAgent) {
      this.#body.append(this.#signing(request))
      return
    }
    const print = ['打印', () => printSheet(shown, result), 'button button--quiet']
    const withdraw = [
      '撤回',
      () => this.#attempt(() => this.#around.ask('POST', `${signaturePath(request)}/withdraw`).then(() => this.#draw())),
      'button button--quiet',
    ]
    const mayWithdraw = request.state === 'asked' && !this.#around.readOnly
    this.#offer(...(mayWithdraw ? [withdraw] : []), print)
  }

  #signing(request) {
    const signing = document.createElement('bb-signing')
    signing.addEventListener('paper-sign', ({ detail }) => this.#sign(request, detail))
    signing.addEventListener('paper-confirm', ({ detail }) => this.#confirmByName(request, detail))
    signing.addEventListener('paper-decline', ({ detail }) => this.#decline(request, detail))
    return signing
  }

  /** What is to be signed, exactly: its digest is compared here as well where the browser can. */
  async #document(request) {
    if (request.subject === 'form') {
      const form = await this.#around.ask('GET', `forms/${encodeURIComponent(request.subject_id)}`)
      await check(new TextEncoder().encode(form.frozen), request)
      return frozenForm(form.frozen, request.document_sha256)
    }
    const blob = await this.#around.fetchFile(request.file_id)
    await check(await blob.arrayBuffer(), request)
    const digest = make('p', { class: 'frozen__foot frozen__digest' }, `校验码 SHA-256：${request.document_sha256}`)
    if (blob.type.startsWith('image/'))
      return make('section', { class: 'frozen' }, make('img', { src: await dataAddress(blob), alt: request.title }), digest)
    return make(
      'section',
      { class: 'frozen' },
      make('p', {}, '要签的是这份文件，请先打开看清楚：'),
      make('button', { type: 'button', class: 'button button--quiet', click: () => saveFile(blob, request.title) }, `打开 ${request.title}`),
      digest,
    )
  }

  /** What became of the request, in words; and the signature. */
  async #result(request) {
    const words = {
      asked: this.#isAgent ? '已请市民签名，等待中…' : '',
      declined: '市民没有签。',
      withdrawn: '已撤回，不用签了。',
      signed: request.method === 'typed' ? '以输入姓名的方式确认，不是手写签名' : '手写签名',
    }[request.state]
    if (!words) return null
    if (request.state !== 'signed') return make('p', { class: 'paper__note' }, words)
    const blob = await this.#around.fetchFile(request.signature_file_id)
    const mark =
      request.method === 'typed'
        ? make('p', { class: 'signed__name' }, JSON.parse(await blob.text()).name)
        : make('img', { class: 'signed__picture', src: await dataAddress(blob), alt: '手写签名' })
    return make(
      'section',
      { class: 'signed' },
      mark,
      make('p', { class: 'frozen__foot' }, `${words} · ${localTime(request.decided_at)}`),
      make('p', { class: 'frozen__foot frozen__digest' }, `签名校验码 SHA-256：${request.sha256}`),
    )
  }

  #sign(request, { blob, done }) {
    const file = new FormData()
    file.append('file', blob, '签名.png')
    const seen = new URLSearchParams({ document_sha256: request.document_sha256 })
    return this.#answer(`${signaturePath(request)}/drawing?${seen}`, file, done)
  }

  #confirmByName(request, { name, done }) {
    const body = { agree: true, name, document_sha256: request.document_sha256 }
    return this.#answer(`${signaturePath(request)}/answer`, body, done)
  }

  #decline(request, { done }) {
    return this.#answer(`${signaturePath(request)}/answer`, { agree: false }, done)
  }

  async #answer(path, body, done) {
    try {
      await this.#around.ask('POST', path, body)
      done('')
      await this.#draw()
      this.#body.lastElementChild?.scrollIntoView({ block: 'nearest' })
    } catch (error) {
      done(this.#around.explain(error))
    }
  }

  // --- telling --------------------------------------------------------------------------------------

  get #isAgent() {
    return this.#around.side === 'agent'
  }

  /** The log tells of a signature; of a form, `SharedForm` hears by itself. */
  #hear = ({ detail: { kind, body } }) => {
    if (kind !== 'signature') return
    if (this.#paper.kind === 'signature' && body.signature_id === this.#paper.id) {
      if (body.state !== 'asked') this.#draw()
    } else if (body.state === 'asked' && !this.#isAgent && body.form_id === this.#paper.id) {
      this.show({ kind: 'signature', id: body.signature_id })
    }
  }

  #head(text) {
    if (this.#title.textContent === text) return
    this.#title.textContent = text
    this.#title.focus()
  }

  #clear() {
    this.#say('')
    this.#status.textContent = ''
    this.#body.replaceChildren()
    this.#acts.replaceChildren()
  }

  #offer(...acts) {
    this.#acts.replaceChildren(
      ...acts.map(([label, click, style]) => make('button', { type: 'button', class: style, click }, label)),
    )
  }

  async #attempt(act) {
    this.#say('')
    const buttons = [...this.#acts.children]
    for (const button of buttons) button.disabled = true
    try {
      await act()
    } catch (error) {
      this.#say(this.#around.explain(error))
    }
    for (const button of buttons) button.disabled = false
  }

  #say(problem) {
    this.#problem.textContent = problem
  }
}

/** What isn't what was asked for is never shown as it. */
async function check(data, { document_sha256: sha256 }) {
  if (!(await hasDigest(data, sha256))) throw new Error('the document is another one')
}

const signaturePath = ({ signature_id: id }) => `signatures/${encodeURIComponent(id)}`
