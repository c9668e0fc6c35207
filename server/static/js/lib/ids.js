/**
 * An id that no other message has: 128 random bits in hex.
 *
 * `crypto.randomUUID` exists only over HTTPS, but offices do serve plain HTTP inside their networks.
 *
 * @returns {string}
 */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
