import { crc32, deflateSync } from 'node:zlib'

/** A gray PNG of values 0..1 as a data URL, row-major. */
export function grayPng(pixels: ArrayLike<number>, rows: number, columns: number): string {
  const header = new DataView(new ArrayBuffer(13))
  header.setUint32(0, columns)
  header.setUint32(4, rows)
  // 8 bits, gray, and the only compression, filter set and order there are or need to be.
  header.setUint8(8, 8)
  const lines = Buffer.alloc(rows * (columns + 1))
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = pixels[row * columns + column] as number
      lines[row * (columns + 1) + 1 + column] = Math.round(Math.min(1, Math.max(0, value)) * 255)
    }
  }
  const png = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', new Uint8Array()),
  ])
  return `data:image/png;base64,${png.toString('base64')}`
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const bytes = Buffer.alloc(body.length + 8)
  bytes.writeUInt32BE(data.length)
  body.copy(bytes, 4)
  bytes.writeUInt32BE(crc32(body), body.length + 4)
  return bytes
}
