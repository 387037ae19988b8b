"""Derivatives of derivatives: MAML, Hessians, a differential equation as loss, a learned learning rate."""

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(12)


# MAML on sine tasks
def net(x, p):
    h = F.relu(F.linear(x, p[0], p[1]))
    h = torch.tanh(F.linear(h, p[2], p[3]))
    return F.linear(h, p[4], p[5])


params = [torch.randn(20, 1) * 0.5, torch.zeros(20), torch.randn(20, 20) * 0.2, torch.zeros(20), torch.randn(1, 20) * 0.2, torch.zeros(1)]
params = [p.requires_grad_() for p in params]
opt = optim.Adam(params, 1e-2)


def task():
    a = torch.rand(1) * 4 + 0.1
    ph = torch.rand(1) * 3.14
    x = torch.rand(10, 1) * 10 - 5
    xq = torch.rand(10, 1) * 10 - 5
    f = lambda x: a * torch.sin(x + ph)
    return x, f(x), xq, f(xq)


for it in range(5):
    opt.zero_grad()
    tot = 0
    for _ in range(3):
        x, y, xq, yq = task()
        fast = params
        for _ in range(2):
            l = F.mse_loss(net(x, fast), y)
            g = torch.autograd.grad(l, fast, create_graph=True)
            fast = [p - 0.05 * gg for p, gg in zip(fast, g, strict=False)]
        tot = tot + F.mse_loss(net(xq, fast), yq)
    tot.div(3).backward()
    opt.step()
    print("maml", it, tot.item(), [round(p.grad.norm().item(), 6) for p in params])
AF = torch.autograd.functional


def f(x):
    return (x**3).sum() + x.prod() + torch.sin(x[0] * x[1])


x = torch.tensor([0.5, -1.2, 2.0], dtype=torch.float64)
print(AF.jacobian(lambda x: torch.stack([x[0] * x[1], x.exp().sum(), x.norm()]), x))
print(AF.hessian(f, x))
print(AF.vjp(f, x))
print(AF.jvp(lambda x: x**2, x, torch.ones(3, dtype=torch.float64)))
print(AF.hvp(f, x, torch.ones_like(x)))
print(AF.vhp(f, x, torch.ones_like(x)))
print(AF.jacobian(lambda a, b: a @ b, (torch.eye(2), torch.ones(2, 2)))[1].shape)
# Hessian of conv network by double loop; hvp
c = nn.Sequential(
    nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.BatchNorm2d(2), nn.Softplus(), nn.Flatten(), nn.Linear(8, 3)
).double()
X = torch.randn(5, 1, 4, 4, dtype=torch.double)
Y = torch.tensor([0, 1, 2, 1, 0])
ps = list(c.parameters())
loss = F.cross_entropy(c(X), Y)
gs = torch.autograd.grad(loss, ps, create_graph=True)
flat = torch.cat([g.reshape(-1) for g in gs])
v = torch.randn_like(flat)
hv = torch.autograd.grad(flat @ v, ps, retain_graph=True)
print(torch.cat([h.reshape(-1) for h in hv]))
H = torch.stack([torch.cat([r.reshape(-1) for r in torch.autograd.grad(e, ps, retain_graph=True)]) for e in flat])
print(H.shape, (H - H.t()).abs().max() < 1e-10, H.norm(), torch.trace(H))
# laplacian / PINN
u = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 1))
o = optim.Adam(u.parameters(), lr=1e-2)
s = optim.lr_scheduler.ExponentialLR(o, 0.9)
for i in range(5):
    p = torch.rand(30, 2, requires_grad=True)
    y = u(p)
    g = torch.autograd.grad(y.sum(), p, create_graph=True)[0]
    lap = sum(torch.autograd.grad(g[:, k].sum(), p, create_graph=True)[0][:, k] for k in range(2))
    b = torch.rand(10, 2)
    b[:, 0].round_()
    l = (lap + torch.sin(3 * p[:, 0])).pow(2).mean() + u(b).square().mean()
    o.zero_grad()
    l.backward()
    o.step()
    s.step()
    print("pinn", i, l.item())
# third derivative; grad of grad norm; allow_unused; unused
x = torch.tensor(1.5, requires_grad=True)
y = torch.log1p(x**4).sqrt() * torch.cos(x)
for k in range(4):
    (y,) = torch.autograd.grad(y, x, create_graph=True)
    print(k, y.item())
a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
print(torch.autograd.grad((a * 2).sum(), [a, b], allow_unused=True))
try:
    torch.autograd.grad((a * 2).sum(), [a, b])
except RuntimeError as e:
    print(str(e)[:60])
try:
    l = (a * a).sum()
    l.backward()
    l.backward()
except RuntimeError as e:
    print(str(e)[:50])
print(a.grad)
(g,) = torch.autograd.grad([a.sum(), (b * b).sum()], [b], [torch.tensor(1.0), torch.tensor(3.0)])
print(g)
print(torch.autograd.grad(torch.stack([a, b]).pow(2), (a, b), grad_outputs=torch.tensor([[1.0, 2.0], [3.0, 4.0]]), is_grads_batched=False))
# learned lr: differentiate through an SGD step on a module via functional_call-like trick
lr = torch.tensor(0.1, requires_grad=True)
lin = nn.Linear(3, 2)
xx, yy = torch.randn(8, 3), torch.randn(8, 2)
l0 = F.mse_loss(lin(xx), yy)
g = torch.autograd.grad(l0, lin.parameters(), create_graph=True)
w2, b2 = [p - lr * gg for p, gg in zip(lin.parameters(), g, strict=False)]
l1 = F.mse_loss(F.linear(xx, w2, b2), yy)
l1.backward()
print(lr.grad.item(), lin.weight.grad)
