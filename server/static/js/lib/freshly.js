/**
 * Reading that is never older than the call that asked for it.
 *
 * An answer that was on its way when something changed doesn't know of the change. So a call while
 * `read` is under way gets the read after that one; however many call meanwhile share it.
 *
 * @template T
 * @param {() => Promise<T>} read
 * @returns {() => Promise<T>}
 */
export function freshly(read) {
  let running = null
  let next = null

  const start = () => {
    next = null
    running = read().finally(() => {
      running = null
    })
    return running
  }

  return () => {
    if (!running) return start()
    next ??= running.then(start, start)
    return next
  }
}
