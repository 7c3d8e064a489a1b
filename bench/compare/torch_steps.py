"""The workloads in PyTorch (and NumPy's matrix product), for bench/floors.ts and bench/peers.ts.

Reads one JSON line {task, workload, threads, batch, parameters: [[name, shape]], data: file of float32/int32 words}: the
words are x, y, then the parameters with PyTorch's names and layouts. Then each line is a number of runs, answered with
{"seconds", "loss"} (the loss before the first of these steps). Tasks: train, infer, matmul. Needs PyTorch (Debian:
python3-torch, with libopenblas0-openmp for several threads).
"""
import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

spec = json.loads(sys.stdin.readline())
torch.set_num_threads(spec["threads"])
words = np.fromfile(spec["data"], dtype=np.float32)
at = 0


def take(shape, dtype="float32"):
    global at
    n = int(np.prod(shape))
    part = words[at : at + n]
    at += n
    return torch.tensor(part.reshape(shape).copy() if dtype == "float32" else part.view(np.int32).reshape(shape).astype(np.int64))


def mlp(w):
    layers = []
    sizes = w["sizes"]
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        if i < len(sizes) - 2:
            layers.append(nn.ReLU() if w["activation"] == "relu" else nn.Tanh())
    return nn.Sequential(*layers)


def cnn(w):
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10),
    )


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5
        mask = torch.full((t, t), float("-inf")).triu(1)
        y = (scores + mask).softmax(-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, d))
        h = self.up(self.ln2(x))
        # tanh GELU is in PyTorch from 1.12 on
        return x + self.down(F.gelu(h, approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.tokens = nn.Embedding(w["vocabulary"], w["width"])
        self.positions = nn.Embedding(w["context"], w["width"])
        self.blocks = nn.Sequential(*[Block(w["width"], w["heads"]) for _ in range(w["layers"])])
        self.norm = nn.LayerNorm(w["width"])
        self.head = nn.Linear(w["width"], w["vocabulary"], bias=False)

    def forward(self, x):
        h = self.tokens(x) + self.positions(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(h)))


def workload(w, task):
    x = take(*w["x"])
    y = take(*w["y"])
    model = {"mlp": mlp, "cnn": cnn, "gpt": Gpt}[w["model"]](w)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, shape in spec["parameters"]:
            parameters.pop(name).copy_(take(shape))
    if parameters:
        raise SystemExit(f"no values for {list(parameters)}")
    o = w["optimizer"]
    makers = {
        "sgd": lambda: torch.optim.SGD(model.parameters(), lr=o["lr"], momentum=o["momentum"]),
        "adam": lambda: torch.optim.Adam(model.parameters(), lr=o["lr"]),
        "adamw": lambda: torch.optim.AdamW(model.parameters(), lr=o["lr"], weight_decay=o["weightDecay"]),
    }
    optimizer = makers[o["name"]]()

    def train():
        optimizer.zero_grad(set_to_none=True)
        out = model(x)
        loss = F.mse_loss(out, y) if w["loss"] == "mse" else F.cross_entropy(out.flatten(0, -2), y.flatten())
        loss.backward()
        optimizer.step()
        return loss

    def infer():
        with torch.inference_mode():
            return model(x).sum()

    return train if task == "train" else infer


def matmul(n):
    a = np.random.default_rng(1).standard_normal((n, n), dtype=np.float32)
    b = np.random.default_rng(2).standard_normal((n, n), dtype=np.float32)
    return lambda: (a @ b)[0, 0]


step = matmul(spec["n"]) if spec["task"] == "matmul" else workload(spec["workload"], spec["task"])
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
