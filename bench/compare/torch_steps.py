"""Training steps of the workloads in PyTorch, for bench/floors.ts.

Reads a JSON line {workload, threads, data: file of float32/int32 words} and then lines with a number of steps; answers
each with {"seconds", "loss"} (the loss before the first of these steps). Needs PyTorch (Debian: python3-torch, with
libopenblas0-openmp for several threads).
"""
import json
import sys
import time

import numpy as np
import torch

spec = json.loads(sys.stdin.readline())
torch.set_num_threads(spec["threads"])
w = spec["workload"]
sizes, batch = w["sizes"], w["batch"]
words = np.fromfile(spec["data"], dtype=np.float32)
at = 0


def take(*shape):
    global at
    n = int(np.prod(shape))
    part = words[at : at + n]
    at += n
    return part.reshape(shape)


x = torch.tensor(take(batch, sizes[0]))
mse = w["loss"] == "mse"
y = torch.tensor(take(batch, sizes[-1])) if mse else torch.tensor(take(batch).view(np.int32).astype(np.int64))
layers = []
for i in range(len(sizes) - 1):
    linear = torch.nn.Linear(sizes[i], sizes[i + 1])
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(take(sizes[i], sizes[i + 1]).T.copy()))
        linear.bias.copy_(torch.tensor(take(sizes[i + 1])))
    layers.append(linear)
    if i < len(sizes) - 2:
        layers.append(torch.nn.ReLU() if w["activation"] == "relu" else torch.nn.Tanh())
model = torch.nn.Sequential(*layers)
o = w["optimizer"]
optimizer = (
    torch.optim.SGD(model.parameters(), lr=o["lr"], momentum=o["momentum"])
    if o["name"] == "sgd"
    else torch.optim.Adam(model.parameters(), lr=o["lr"])
)
criterion = torch.nn.functional.mse_loss if mse else torch.nn.functional.cross_entropy


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
for line in sys.stdin:
    n = int(line)
    first = None
    begin = time.perf_counter()
    for i in range(n):
        loss = step()
        if i == 0:
            first = loss
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "loss": float(first)}), flush=True)
