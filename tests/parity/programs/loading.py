"""Data loaders: worker processes, collation, samplers, splits, streams, errors, and the random numbers they leave behind."""

import random

import numpy as np
import torch

data = torch.utils.data
nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(31)
random.seed(1)
np.random.seed(2)


class DS(data.Dataset):
    def __init__(self, n=23, transform=None):
        self.n = n
        self.t = transform

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        x = np.arange(i % 4 + 1, dtype=np.float32) + i
        return {"x": x, "y": i % 3, "name": f"n{i}", "r": torch.rand(1)} if self.t is None else self.t(x)


def collate(batch):
    L = [len(b["x"]) for b in batch]
    out = torch.zeros(len(batch), max(L))
    for k, b in enumerate(batch):
        out[k, : L[k]] = torch.from_numpy(b["x"])
    return out, torch.tensor([b["y"] for b in batch]), [b["name"] for b in batch], torch.stack([b["r"] for b in batch]), torch.tensor(L)


def main():
    for workers in (0, 2):
        dl = data.DataLoader(
            DS(), batch_size=5, shuffle=True, collate_fn=collate, num_workers=workers, worker_init_fn=lambda i: np.random.seed(i)
        )
        for _ep in range(2):
            for x, y, n, r, L in dl:
                print(workers, x.shape, y.tolist(), n, r.view(-1), L)

    class Sq(data.Dataset):
        def __getitem__(self, i):
            return torch.full((2,), float(i)), i * 1.5, (np.float32(i), str(i)), {"a": [i, i + 1]}

        def __len__(self):
            return 7

    for b in data.DataLoader(Sq(), batch_size=3):
        print(b)
    w = torch.tensor([1.0, 5.0, 1.0, 0.0, 2.0, 1.0, 1.0])
    print(
        list(data.WeightedRandomSampler(w, 10)),
        list(data.RandomSampler(range(6))),
        list(data.SubsetRandomSampler([3, 4, 5])),
        list(data.BatchSampler(data.SequentialSampler(range(7)), 3, False)),
    )

    class Bal(data.Sampler):
        def __init__(self, y):
            self.y = np.array(y)

        def __iter__(self):
            return iter(np.argsort(self.y, kind="stable").tolist())

        def __len__(self):
            return len(self.y)

    print([b[1].tolist() for b in data.DataLoader(Sq(), batch_size=4, sampler=Bal([1, 0, 1, 0, 2, 2, 0]), drop_last=False)])
    cat = data.ConcatDataset([Sq(), data.Subset(Sq(), [1, 2])])
    print(len(cat), cat[8][1], len(data.DataLoader(cat, 4)), len(data.DataLoader(cat, 4, drop_last=True)))
    a, b, c = data.random_split(range(10), [0.5, 0.3, 0.2])
    print(list(a), list(b), list(c))

    class It(data.IterableDataset):
        def __iter__(self):
            wi = data.get_worker_info()
            s, n = (0, 1) if wi is None else (wi.id, wi.num_workers)
            return iter(range(s, 10, n))

    print(list(data.DataLoader(It(), batch_size=3)), list(data.DataLoader(It(), batch_size=3, num_workers=2)))
    dl = data.DataLoader(
        data.TensorDataset(torch.arange(12).view(6, 2), torch.arange(6)),
        batch_size=2,
        shuffle=True,
        num_workers=2,
        persistent_workers=True,
        pin_memory=False,
        prefetch_factor=1,
        generator=torch.Generator().manual_seed(5),
    )
    for _ep in range(2):
        print([t[1].tolist() for t in dl])
    it = iter(dl)
    print(next(it)[0], dl.batch_size, dl.dataset[0], len(dl.dataset))

    def cyc():
        while True:
            yield from data.DataLoader(range(3), batch_size=2, shuffle=True)

    g = cyc()
    print([next(g).tolist() for _ in range(4)])

    class Bad(data.Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, i):
            raise ValueError(f"broken item {i}")

    for nw in (0, 1):
        try:
            list(data.DataLoader(Bad(), num_workers=nw))
        except ValueError as e:
            print("ValueError", "broken item 0" in str(e))
    try:
        list(data.DataLoader([torch.ones(2), torch.ones(3)], batch_size=2))
    except RuntimeError as e:
        print(str(e)[:45])
    x = torch.rand(20, 4)
    y = (x.sum(1) > 2).long()
    m = nn.Linear(4, 2)
    o = optim.SGD(m.parameters(), 0.5)
    for _ep in range(2):
        acc = 0
        for bx, by in data.DataLoader(list(zip(x, y, strict=False)), batch_size=6, shuffle=True):
            l = F.cross_entropy(m(bx), by)
            o.zero_grad()
            l.backward()
            o.step()
            acc += l.item()
        print(acc)
    print(random.random(), np.random.rand(), torch.rand(1))
    k = [
        data.default_collate(q)
        for q in (
            [1, 2],
            [1.5, 2.5],
            ["a", "b"],
            [(1, 2.0), (3, 4.0)],
            [{"k": torch.ones(1)}, {"k": torch.zeros(1)}],
            [np.int32(3), np.int32(4)],
            [np.arange(2), np.arange(2)],
            [True, False],
        )
    ]
    print(k)


if __name__ == "__main__":
    main()
