/**
 * <bb-call-end> stands where the call was: why it isn't there, and the ways on.
 *
 * Accessibility criteria
 * - A heading that takes the focus, so that the end isn't missed; reasons in words.
 * - The hotline is a link; the forms of <bb-callback> are folded until they are wanted.
 *
 * Tells `bb-call-act` with `back`, and what <bb-callback> tells.
 */

import { icon, make, tell } from '../lib/dom.js'
import './bb-callback.js'

export class CallEnd extends HTMLElement {
  /** @param {{problem: string, hotline: string, isGuest?: boolean, wasIn?: boolean}} known */
  showEnd({ problem, hotline, isGuest = false, wasIn = true }) {
    if (isGuest) return this.#draw(wasIn ? '通话已结束' : '没有加入通话', problem || '可以关闭这个页面。', [])
    this.#draw('通话已结束', problem || '谢谢您。办理小结和材料清单在对话里，可以随时回看。', [
      make('a', { class: 'button button--big', href: '/#latest' }, icon('chat'), '回到对话'),
      problem ? offers(hotline) : null,
    ])
  }

  /** This browser has no conversation, say because the page was first open in WeChat. A call can begin here. */
  showUnknown({ problem, hotline }) {
    this.#draw('这里没有这次通话', problem, [
      make('a', { class: 'button button--big', href: '/#video' }, icon('video'), '在这里找视频帮办'),
      make('a', { class: 'button button--quiet', href: '/#latest' }, icon('chat'), '先问一问'),
      make('p', {}, '急的话请拨打热线 ', make('a', { class: 'call', href: `tel:${hotline}` }, hotline), '。'),
    ])
  }

  /** The page was loaded again in the middle of a call. */
  showBack() {
    const back = make(
      'button',
      { type: 'button', class: 'button button--big', click: () => tell(this, 'bb-call-act', 'back') },
      icon('video'),
      '回到通话',
    )
    const check = make(
      'button',
      { type: 'button', class: 'button button--quiet', click: () => tell(this, 'bb-call-act', 'recheck') },
      '先检查设备',
    )
    this.#draw('通话还在进行', '您的位置还在。点一下就能回去，摄像头和麦克风会重新打开。', [back, check])
  }

  #draw(title, text, actions) {
    const heading = make('h1', { class: 'sheet__title', id: 'end-title', tabindex: '-1' }, title)
    this.replaceChildren(
      make(
        'section',
        { class: 'sheet', 'aria-labelledby': 'end-title' },
        heading,
        make('p', { class: 'sheet__lead' }, text),
        make('div', { class: 'sheet__actions' }, ...actions),
      ),
    )
    heading.focus()
  }
}

function offers(hotline) {
  return make(
    'div',
    {},
    make('p', {}, '急的话请拨打热线 ', make('a', { class: 'call', href: `tel:${hotline}` }, hotline), '。'),
    make('details', { class: 'wait__offers more' }, make('summary', {}, '预约回电或留言'), make('bb-callback')),
  )
}

customElements.define('bb-call-end', CallEnd)
