/**
 * A call's films on one clock: which runs when, and what was said meanwhile. Pure.
 */

/** @typedef {{id: string, party: string, state: string, started_at: string, milliseconds: number}} Recording */
/** @typedef {{recording: Recording, offset: number, length: number}} Film offsets and lengths in seconds */

const WORDS = 60

export class Reel {
  /** @type {Film[]} */
  films
  /** In seconds, from the beginning of the first film to the end of the last. */
  length
  /** @type {Date} */
  began

  /** @param {Recording[]} recordings those of one call that are finished */
  constructor(recordings) {
    const starts = recordings.map(({ started_at: at }) => Date.parse(at))
    const first = Math.min(...starts)
    this.began = new Date(first)
    this.films = recordings.map((recording, place) => ({
      recording,
      offset: (starts[place] - first) / 1000,
      length: recording.milliseconds / 1000,
    }))
    this.length = Math.max(0, ...this.films.map(({ offset, length }) => offset + length))
  }

  /** Where a film is at that second of the reel; `null` before its beginning and after its end. */
  timeIn({ offset, length }, second) {
    const time = second - offset
    return time >= 0 && time < length ? time : null
  }

  /**
   * What was said and done while the films ran, at its second.
   *
   * @param {{kind: string, body: Record<string, any>, at: string}[]} events
   * @param {(event: {kind: string, body: Record<string, any>}) => string} wordsOf empty for what isn't shown
   */
  moments(events, wordsOf) {
    return events
      .map((event) => ({ second: (Date.parse(event.at) - this.began.getTime()) / 1000, words: wordsOf(event) }))
      .filter(({ second, words }) => words && second >= 0 && second <= this.length)
      .map(({ second, words }) => ({ second, words: words.length > WORDS ? `${words.slice(0, WORDS)}…` : words }))
  }
}

/** Recordings by call, those that are finished; calls in the order in which they began. @param {Recording[]} recordings */
export function reelsOf(recordings) {
  const calls = new Map()
  for (const each of recordings) {
    if (each.state === 'recording') continue
    calls.set(each.call_id, [...(calls.get(each.call_id) ?? []), each])
  }
  return [...calls.values()].map((films) => new Reel(films))
}
