/**
 * A signature as strokes: kept as parts of the sheet, so that they survive its being drawn in another size.
 * Pure but for `paint` and `toPicture`, which use a canvas.
 */

/** The picture that is sent. */
const WIDTH = 900
const HEIGHT = 300
const PEN = 0.009 // of the width

export class Strokes {
  /** @type {[number, number][][]} */
  #strokes = []
  #drawing = false

  get isEmpty() {
    return this.#strokes.length === 0
  }

  /** @param {number} x from 0 to 1 @param {number} y from 0 to 1 */
  begin(x, y) {
    this.#drawing = true
    this.#strokes.push([[x, y]])
  }

  /** @param {number} x @param {number} y */
  goOn(x, y) {
    if (this.#drawing) this.#strokes.at(-1).push([x, y])
  }

  end() {
    this.#drawing = false
  }

  undo() {
    this.#strokes.pop()
  }

  clear() {
    this.#strokes = []
  }

  /** Black on white in every theme: it is paper. @param {HTMLCanvasElement} canvas */
  paint(canvas) {
    const { width, height } = canvas
    const pen = canvas.getContext('2d')
    pen.fillStyle = '#ffffff'
    pen.fillRect(0, 0, width, height)
    Object.assign(pen, { strokeStyle: '#111111', lineWidth: width * PEN, lineCap: 'round', lineJoin: 'round' })
    for (const stroke of this.#strokes) {
      const points = stroke.map(([x, y]) => [x * width, y * height])
      pen.beginPath()
      pen.moveTo(...points[0])
      for (let place = 1; place < points.length - 1; place += 1) {
        const [x, y] = points[place]
        const [nextX, nextY] = points[place + 1]
        pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2)
      }
      pen.lineTo(...points.at(-1))
      pen.stroke()
    }
  }

  /** @returns {Promise<Blob>} a PNG */
  toPicture() {
    const canvas = document.createElement('canvas')
    canvas.width = WIDTH
    canvas.height = HEIGHT
    this.paint(canvas)
    return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))
  }
}
