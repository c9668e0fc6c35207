/**
 * Reads answers aloud with the browser's own voice.
 */

/** Chromium falls silent after some fifteen seconds of one utterance, so texts go in short pieces. */
const PIECE = 80

/**
 * The text as it should be heard: digits of telephone and document numbers one by one, sums whole.
 *
 * @param {string} text
 */
export function spokenText(text) {
  return text.replace(/\d[\d-]{3,}\d(?![\d元万个人天日年])/g, (number) =>
    number.replace(/-/g, '，').replace(/\d(?=\d)/g, '$& '),
  )
}

/**
 * The text in pieces of whole sentences, none much longer than it must be.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function sentences(text) {
  const pieces = []
  for (const sentence of text.split(/(?<=[。！？；\n])/)) {
    const last = pieces.at(-1)
    if (last !== undefined && last.length + sentence.length <= PIECE)
      pieces[pieces.length - 1] = last + sentence
    else pieces.push(sentence)
  }
  return pieces.map((piece) => piece.trim()).filter(Boolean)
}

export class Speech {
  #synthesis
  #onEnd = () => {}

  /** @param {{synthesis?: SpeechSynthesis}} [options] */
  constructor({ synthesis = window.speechSynthesis } = {}) {
    this.#synthesis = synthesis
  }

  get available() {
    return this.#synthesis !== undefined && 'SpeechSynthesisUtterance' in window
  }

  /**
   * Reads the text, instead of whatever is being read.
   *
   * @param {string} text
   * @param {() => void} [onEnd] called once, when it has been read, stopped or replaced
   */
  read(text, onEnd = () => {}) {
    this.stop()
    this.#onEnd = onEnd
    const pieces = sentences(spokenText(text))
    pieces.forEach((piece, position) => {
      const utterance = new SpeechSynthesisUtterance(piece)
      utterance.lang = 'zh-CN'
      utterance.voice = this.#synthesis.getVoices().find((voice) => /^zh[-_]CN/i.test(voice.lang)) ?? null
      utterance.rate = 0.95
      if (position === pieces.length - 1) utterance.addEventListener('end', () => this.#ended(onEnd))
      utterance.addEventListener('error', () => this.#ended(onEnd))
      this.#synthesis.speak(utterance)
    })
  }

  stop() {
    this.#synthesis?.cancel()
    this.#ended(this.#onEnd)
  }

  #ended(onEnd) {
    if (this.#onEnd !== onEnd) return
    this.#onEnd = () => {}
    onEnd()
  }
}

/** The page has one voice. */
export const speech = new Speech()
