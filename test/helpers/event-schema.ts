import protobuf from 'protobufjs'

const double = (id: number): protobuf.IField => ({ type: 'double', id })
const int32 = (id: number): protobuf.IField => ({ type: 'int32', id })
const text = (id: number): protobuf.IField => ({ type: 'string', id })

/**
 * What TensorBoard reads: numbers and types of the fields as TensorFlow's event.proto, summary.proto and tensor.proto have
 * them, those that scalars, histograms, images and texts need. protobufjs decodes by it, and shares nothing with src/.
 */
const root = protobuf.Root.fromJSON({
  options: { syntax: 'proto3' },
  nested: {
    Event: {
      fields: {
        wallTime: double(1),
        step: { type: 'int64', id: 2 },
        fileVersion: text(3),
        summary: { type: 'Summary', id: 5 },
      },
    },
    Summary: { fields: { value: { rule: 'repeated', type: 'Value', id: 1 } } },
    Value: {
      fields: {
        tag: text(1),
        simpleValue: { type: 'float', id: 2 },
        image: { type: 'Image', id: 4 },
        histo: { type: 'Histogram', id: 5 },
        tensor: { type: 'Tensor', id: 8 },
        metadata: { type: 'Metadata', id: 9 },
      },
    },
    Image: {
      fields: { height: int32(1), width: int32(2), colorspace: int32(3), encodedImageString: { type: 'bytes', id: 4 } },
    },
    Histogram: {
      fields: {
        min: double(1),
        max: double(2),
        num: double(3),
        sum: double(4),
        sumSquares: double(5),
        bucketLimit: { rule: 'repeated', type: 'double', id: 6, options: { packed: true } },
        bucket: { rule: 'repeated', type: 'double', id: 7, options: { packed: true } },
      },
    },
    Tensor: {
      fields: {
        dtype: int32(1),
        tensorShape: { type: 'TensorShape', id: 2 },
        stringVal: { rule: 'repeated', type: 'bytes', id: 8 },
      },
    },
    TensorShape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    Dim: { fields: { size: { type: 'int64', id: 1 }, name: text(2) } },
    Metadata: { fields: { pluginData: { type: 'PluginData', id: 1 } } },
    PluginData: { fields: { pluginName: text(1), content: { type: 'bytes', id: 2 } } },
  },
})

const Event = root.lookupType('Event')

/** An event as plain data: 64-bit integers and bytes as numbers and texts. */
export function decodeEvent(bytes: Uint8Array): Record<string, unknown> {
  const message = Event.decode(bytes)
  // Fields that the schema does not know would be lost here.
  const again = Event.encode(Event.fromObject(Event.toObject(message))).finish().length
  if (again !== bytes.length) throw new Error(`${bytes.length} bytes, of which the schema explains ${again}`)
  return Event.toObject(message, { longs: Number, bytes: String })
}
