/**
 * Draws the fields of a form that both sides fill in, and keeps them true while it is typed in elsewhere.
 *
 * Accessibility criteria
 * - Each field has a label, with 「必填」 in words; its hint and what is wrong are its description.
 * - 「对方正在填」 is said in words beside the field, which is read-only meanwhile, not disabled: the focus stays.
 *   So it is in a form that is only looked at.
 * - What was typed is never taken from under the cursor; words that came too late can be put back by a button.
 * - Nothing is announced while typing; what is wrong is shown once the field was left, and as it is corrected.
 */

import { make } from '../lib/dom.js'

const TYPES = {
  id_number: { inputmode: 'text', autocomplete: 'off', maxlength: '24', autocapitalize: 'characters' },
  phone: { type: 'tel', inputmode: 'tel', autocomplete: 'off', maxlength: '30' },
  date: { type: 'date', min: '1900-01-01', max: '2199-12-31' },
}

/**
 * @param {import('../lib/shared_form.js').SharedForm} form a loaded one
 * @param {{readOnly?: boolean}} [how] whether it is only looked at
 * @returns {{element: HTMLElement, show: (name?: string) => void, focusFirstProblem: () => boolean}}
 */
export function formFields(form, { readOnly = false } = {}) {
  const drawn = new Map(form.view.fields.map((field) => [field.name, drawField(form, field, readOnly)]))
  const show = (name) => {
    for (const [each, { update }] of drawn) if (!name || name === each) update()
  }
  const focusFirstProblem = () => {
    const wrong = form.view.fields.find(({ name }) => form.shown(name).problem)
    for (const { reveal } of drawn.values()) reveal()
    if (wrong) drawn.get(wrong.name).input.focus()
    return Boolean(wrong)
  }
  show()
  return {
    element: make('div', { class: 'paper__fields' }, ...[...drawn.values()].map(({ element }) => element)),
    show,
    focusFirstProblem,
  }
}

function drawField(form, field, readOnly) {
  const id = `form-${field.name}`
  const input = control(field, id)
  const told = make('p', { class: 'paper__told', id: `${id}-told` })
  const refused = make('div', { class: 'paper__refused' })
  const element = make(
    'div',
    { class: 'paper__field' },
    make(
      'label',
      { class: 'label', for: id },
      field.label,
      field.required ? make('span', { class: 'paper__must' }, '（必填）') : null,
    ),
    field.hint ? make('p', { class: 'paper__hint', id: `${id}-hint` }, field.hint) : null,
    input,
    told,
    refused,
  )
  let seen = Boolean(field.value) // problems are told once somebody has been here
  const isClosed = () => readOnly || form.shown(field.name).taken
  input.addEventListener('focus', () => !isClosed() && form.enter(field.name))
  const typed = ({ isComposing }) => {
    if (isClosed()) return
    form.enter(field.name)
    if (!isComposing) form.type(field.name, input.value) // the letters of a character that is being written aren't it
  }
  input.addEventListener('input', typed)
  input.addEventListener('compositionend', () => typed({ isComposing: false }))
  input.addEventListener('change', () => input.tagName === 'SELECT' && form.leave(field.name))
  input.addEventListener('blur', () => {
    seen = true
    if (!isClosed()) form.leave(field.name)
    update()
  })

  function update() {
    const { value, problem, taken, state, refused: words } = form.shown(field.name)
    if (input.value !== value && (taken || document.activeElement !== input || state === '')) input.value = value
    if (input.tagName === 'SELECT') input.disabled = taken || readOnly
    else input.readOnly = taken || readOnly
    element.classList.toggle('paper__field--taken', taken)
    const wrong = seen ? problem : ''
    const text = taken ? (readOnly ? '正在填…' : '对方正在填…') : state === 'cut-off' ? '网络断开，已记下，接通后自动保存' : wrong
    if (told.textContent !== text) told.textContent = text
    told.classList.toggle('paper__told--wrong', Boolean(wrong) && !taken)
    if (wrong) input.setAttribute('aria-invalid', 'true')
    else input.removeAttribute('aria-invalid')
    showRefused(words)
  }

  function showRefused(words) {
    if (refused.dataset.words === words) return
    refused.dataset.words = words
    if (!words) {
      refused.replaceChildren()
      return
    }
    const take = () => form.takeMine(field.name)
    refused.replaceChildren(
      make('p', {}, `对方先填了这一栏。您写的是：「${words}」`),
      make('button', { type: 'button', class: 'action', click: take }, '改用我写的'),
    )
  }

  const reveal = () => {
    seen = true
    update()
  }
  return { element, input, update, reveal }
}

function control({ name, label, type, choices, hint, most }, id) {
  const described = [hint ? `${id}-hint` : '', `${id}-told`].filter(Boolean).join(' ')
  const attributes = { class: 'field', id, name, 'aria-describedby': described }
  if (type === 'choice') {
    const options = ['', ...choices].map((each) => make('option', { value: each }, each || `请选择${label}`))
    return make('select', attributes, ...options)
  }
  if (type === 'lines') return make('textarea', { ...attributes, rows: '4', maxlength: String(most) })
  const usual = { type: 'text', maxlength: String(most), autocomplete: 'off' }
  return make('input', { ...usual, ...attributes, ...TYPES[type] })
}
