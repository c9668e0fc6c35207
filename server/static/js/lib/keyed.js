/**
 * Keeps a list of elements equal to a list of things, touching as little as possible: what stays keeps its
 * focus, its selection and what was opened in it.
 *
 * @template T
 * @param {Element} list
 * @param {T[]} things
 * @param {{key: (thing: T) => string, make: (thing: T) => Element, update?: (element: Element, thing: T) => void}} how
 */
export function keyed(list, things, { key, make, update = () => {} }) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]))
  const wanted = things.map((thing) => {
    const name = key(thing)
    const element = known.get(name) ?? make(thing)
    element.dataset.key = name
    update(element, thing)
    return element
  })
  const kept = new Set(wanted)
  for (const child of [...list.children]) if (!kept.has(child)) child.remove()
  let place = list.firstElementChild
  for (const element of wanted) {
    if (element === place) place = place.nextElementSibling
    else list.insertBefore(element, place)
  }
}
