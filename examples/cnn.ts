// A convolutional network on images: the embedded digits, or MNIST's own files when a folder is named.
//   tsx examples/cnn.ts            tsx examples/cnn.ts 8 ./mnist
import { readFile } from 'node:fs/promises'
import { crossEntropy, data, init, nn, optim, type Tensor, train } from 'chainrule'

const [epochs = 20, folder] = [process.argv[2] === undefined ? undefined : Number(process.argv[2]), process.argv[3]]
const engine = await init({ seed: 1, wide: true })

/** MNIST's 10,000 test images and their labels. */
async function mnist(from: string): Promise<data.Dataset<'x' | 'y'>> {
  const read = async (name: string): Promise<data.IdxArray> => data.readIdx(await readFile(`${from}/${name}`), name)
  const images = await read('t10k-images-idx3-ubyte.gz')
  return data.datasetOf(data.pairLabels('mnist', images, await read('t10k-labels-idx1-ubyte.gz'), 255))
}

const all = folder === undefined ? await data.digits() : await mnist(folder)
const side = folder === undefined ? 8 : 28
const { train: learn, test } = await data.split(all, folder === undefined ? 0.2 : 0.1, 1)

class Network extends nn.Module {
  // Two convolutions of 3 x 3, each halved by pooling: on 28 x 28 this is PyTorch's MNIST example.
  features = nn.sequential([
    nn.conv2d(1, 32, 3, { padding: side === 8 ? 1 : 0 }),
    nn.relu(),
    nn.maxPool2d(2),
    nn.conv2d(32, 64, 3, { padding: side === 8 ? 1 : 0 }),
    nn.relu(),
    nn.maxPool2d(2),
    nn.flatten(),
  ])
  head = nn.sequential([nn.linear(side === 8 ? 256 : 1600, 128), nn.relu(), nn.dropout(0.3), nn.linear(128, 10)])

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.features.forward(x.reshape([-1, 1, side, side])))
  }
}

const model = new Network()
const steps = epochs * Math.ceil(learn.size / 64)
const optimizer = optim.adam(model, { lr: optim.schedule.cosine(2e-3, { steps, warmup: 20 }) })
const { validation } = await train.fit(model, learn, {
  loss: crossEntropy,
  optimizer,
  epochs,
  batch: 64,
  validation: test,
  metrics: { accuracy: train.accuracy() },
  onEpoch({ epoch, loss, validation }) {
    const held = validation?.metrics.accuracy.toFixed(4)
    console.log(`epoch ${epoch}  loss ${loss.toFixed(4)}  held-out accuracy ${held}`)
  },
})
console.log(`accuracy ${validation?.metrics.accuracy.toFixed(4)} on ${test.size} held-out images`)
await engine.close()
