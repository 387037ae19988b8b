"""A small GPT with tied weights: training with warm-up, sampling, positions, masks, draws of every kind."""

import math

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(22)


class Attn(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.qkv = nn.Linear(d, 3 * d)
        self.o = nn.Linear(d, d)
        self.register_buffer("mask", torch.tril(torch.ones(32, 32)).view(1, 1, 32, 32))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.qkv(x).split(C, dim=2)
        q, k, v = (t.view(B, T, self.h, C // self.h).transpose(1, 2) for t in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = att @ v
        return self.o(y.transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.l1 = nn.LayerNorm(d)
        self.a = Attn(d, h)
        self.l2 = nn.LayerNorm(d)
        self.m = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d), nn.Dropout(0.1))

    def forward(self, x):
        x = x + self.a(self.l1(x))
        return x + self.m(self.l2(x))


class GPT(nn.Module):
    def __init__(self, V=20, d=16):
        super().__init__()
        self.e = nn.Parameter(torch.randn(V, d) * 0.02)
        self.p = nn.Parameter(torch.zeros(1, 32, d))
        self.b = nn.Sequential(*[Block(d, 4) for _ in range(2)])
        self.f = nn.LayerNorm(d)
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.e
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, mean=0.0, std=0.02)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, nn.LayerNorm):
            nn.init.ones_(m.weight)

    def forward(self, i, t=None):
        x = self.e[i] + self.p[:, : i.size(1)]
        lg = self.head(self.f(self.b(x)))
        return lg, None if t is None else F.cross_entropy(lg.view(-1, lg.size(-1)), t.view(-1), ignore_index=-1)


net = GPT()
print(sum(p.numel() for p in net.parameters()), len(list(net.parameters())))
decay = {n for n, p in net.named_parameters() if p.dim() >= 2}
o = optim.AdamW(
    [
        {"params": [p for n, p in net.named_parameters() if n in decay], "weight_decay": 0.1},
        {"params": [p for n, p in net.named_parameters() if n not in decay], "weight_decay": 0.0},
    ],
    lr=1e-2,
    betas=(0.9, 0.95),
)
data = torch.randint(0, 20, (200,))
s = optim.lr_scheduler.SequentialLR(
    o, [optim.lr_scheduler.LinearLR(o, 0.1, total_iters=3), optim.lr_scheduler.CosineAnnealingLR(o, 5)], milestones=[3]
)
for it in range(8):
    ix = torch.randint(len(data) - 16, (4,))
    xb = torch.stack([data[i : i + 16] for i in ix])
    yb = torch.stack([data[i + 1 : i + 17] for i in ix])
    yb[:, 0] = -1
    lg, l = net(xb, yb)
    o.zero_grad(set_to_none=True)
    l.backward()
    n = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    o.step()
    s.step()
    print(it, l.item(), n.item(), s.get_last_lr()[0])
net.eval()
idx = data[:4].view(1, -1)
with torch.inference_mode():
    for _ in range(6):
        lg, _ = net(idx)
        lg = lg[:, -1, :] / 0.8
        v, _ = torch.topk(lg, 5)
        lg[lg < v[:, [-1]]] = -float("Inf")
        pr = F.softmax(lg, dim=-1)
        nx = torch.multinomial(pr, num_samples=1)
        idx = torch.cat((idx, nx), dim=1)
print(idx, idx.dtype)
a = torch.randn(2, 3, 4, requires_grad=True)
b = torch.randn(2, 5, 4)
sc = torch.einsum("bid,bjd->bij", a, b).softmax(-1)
c = torch.einsum("bij,bjd->bid", sc, b)
nl = torch.einsum("b i d, b k d -> b", a, b)
c.pow(2).sum().add(nl.sum()).backward()
print(c.sum(), a.grad.norm(), nl)


def pos(L, d):
    pe = torch.zeros(L, d)
    p = torch.arange(0, L, dtype=torch.float).unsqueeze(1)
    dv = torch.exp(torch.arange(0, d, 2).float() * (-math.log(10000.0) / d))
    pe[:, 0::2] = torch.sin(p * dv)
    pe[:, 1::2] = torch.cos(p * dv)
    return pe


print(pos(6, 4))
m = torch.triu(torch.full((3, 3), float("-inf")), 1)
print(m, F.softmax(m, -1))
q = torch.randn(2, 8, 6, 6)
f = q.view(2, 8, -1)
aff = torch.bmm(f.permute(0, 2, 1), f).softmax(-1)
nlb = torch.bmm(f, aff.permute(0, 2, 1)).view_as(q)
print(nlb.mean(), F.log_softmax(q, 1).exp().sum(1)[0, 0])
print(F.scaled_dot_product_attention(a, b, b).sum().item())
rot = torch.stack([-pos(4, 6)[:, 1::2], pos(4, 6)[:, ::2]], -1).flatten(-2)
print(rot)
g = F.gumbel_softmax(torch.randn(3, 4), tau=0.5, hard=True)
print(g)
bern = torch.bernoulli(torch.full((5,), 0.3))
print(
    bern,
    torch.empty(3).uniform_(-1, 1),
    torch.empty(3).exponential_(),
    torch.normal(torch.zeros(2), torch.ones(2)),
    torch.randint_like(q[0, 0, 0], 5),
    torch.rand(2, 3).bernoulli_(0.5),
    torch.empty(2).log_normal_(),
    torch.empty(2).cauchy_(),
    torch.empty(2).geometric_(0.3),
)
