/**
 * <bb-callback> offers what helps when nobody comes: a call-back at a chosen time, or a message.
 *
 * Accessibility criteria
 * - Day and time are native selects with labels: no calendar to fight with, and no typing of dates.
 * - The number's field brings up digits on a phone and is filled in by the browser.
 * - What is missing or went wrong is said beside the button that was pressed, and that field is focused.
 *
 * Tells `bb-ask` with `{method, path, options, told, done(problem)}`.
 */

import { icon, make, tell } from '../lib/dom.js'
import { newId } from '../lib/ids.js'
import { callBackDays } from '../lib/slots.js'

const CONTACT = /^[+\d][\d\s-]{6,19}$/

export class CallBack extends HTMLElement {
  #busy = false

  connectedCallback() {
    if (this.firstChild) return
    this.replaceChildren(this.#callBackForm(), this.#messageForm())
  }

  #callBackForm() {
    const days = callBackDays(new Date())
    const options = (list) => list.map(({ name }, place) => make('option', { value: place }, name))
    const day = make('select', { id: 'callback-day', class: 'field' }, ...options(days))
    const time = make('select', { id: 'callback-time', class: 'field' })
    const times = () => days[Number(day.value)]?.times ?? []
    const fill = () => time.replaceChildren(...options(times()))
    day.addEventListener('change', fill)
    fill()
    const contact = make('input', {
      id: 'callback-contact',
      class: 'field',
      type: 'tel',
      inputmode: 'tel',
      autocomplete: 'tel',
      maxlength: '20',
    })
    const problem = make('p', { class: 'offer__problem', role: 'alert' })
    const submit = (event) => {
      event.preventDefault()
      const number = contact.value.trim()
      if (!CONTACT.test(number)) {
        problem.textContent = '请填写能接听的电话号码'
        contact.focus()
        return
      }
      const chosen = times()[Number(time.value)]
      const told = `已预约${days[Number(day.value)].name} ${chosen.name}回电，号码 ${number}`
      this.#send('callback', { at: chosen.at, contact: number }, problem, told)
    }
    return make(
      'form',
      { class: 'offer', submit },
      make('h4', { class: 'offer__title' }, icon('phone'), '预约回电'),
      make('p', { class: 'offer__meaning' }, '到约定时间，工作人员打电话给您。'),
      make(
        'div',
        { class: 'offer__pair' },
        make('div', {}, make('label', { class: 'label', for: 'callback-day' }, '哪一天'), day),
        make('div', {}, make('label', { class: 'label', for: 'callback-time' }, '几点'), time),
      ),
      make('label', { class: 'label', for: 'callback-contact' }, '您的电话号码'),
      contact,
      problem,
      make('button', { class: 'button' }, '预约回电'),
    )
  }

  #messageForm() {
    const text = make('textarea', { id: 'callback-message', class: 'field', rows: '3', maxlength: '500' })
    const problem = make('p', { class: 'offer__problem', role: 'alert' })
    let left = { text: '', client_message_id: '' }
    const submit = (event) => {
      event.preventDefault()
      if (!text.value.trim()) {
        problem.textContent = '请先写下要说的事'
        text.focus()
        return
      }
      // The same words sent again after a failure are the same message.
      if (left.text !== text.value.trim()) left = { text: text.value.trim(), client_message_id: newId() }
      this.#send('message', left, problem, '留言已收到，工作人员上班后会处理')
    }
    return make(
      'form',
      { class: 'offer', submit },
      make('h4', { class: 'offer__title' }, icon('chat'), '留言'),
      make('p', { class: 'offer__meaning' }, '写下要办的事，工作人员看到后在这里答复。'),
      make('label', { class: 'label', for: 'callback-message' }, '留言内容'),
      text,
      problem,
      make('button', { class: 'button' }, '提交留言'),
    )
  }

  #send(path, body, problem, told) {
    if (this.#busy) return
    this.#busy = true
    problem.textContent = '正在提交…'
    const done = (trouble) => {
      this.#busy = false
      problem.textContent = trouble ?? ''
    }
    tell(this, 'bb-ask', { method: 'POST', path, options: { body }, told, done })
  }
}

customElements.define('bb-callback', CallBack)
