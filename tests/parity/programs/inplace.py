"""Writing into tensors that take gradients: masks, columns, slices, views, and the errors where it cannot be."""

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(21)
x = torch.randn(4, 5, requires_grad=True)
y = x.clone()
y[y < 0] = 0
y[:, 1] = y[:, 1] * 2 + y[:, 0]
y[2] += y[0]
y[0, 3:] -= 1
y[..., -1] **= 2
y[1:3, [0, 2]] *= 3
(y * torch.arange(5.0)).sum().backward()
print(y.detach())
print(x.grad)


def run(f):
    x.grad = None
    l = f()
    l.backward()
    print(l.item(), x.grad)


def a():
    out = torch.zeros(4, 5)
    for i in range(5):
        out[:, i] = torch.sigmoid(x[:, i]) * (out[:, i - 1].clone() if i else 1)
    return (out**2).sum()


run(a)


def b():
    h = x * 1
    h.add_(1).mul_(2).clamp_(-1, 3)
    h[h.abs() > 2.5] *= 0.5
    h.masked_fill_(h < 0, 0.1)
    return h.exp().sum()


run(b)


def c():
    out = x.new_zeros(3, 5)
    idx = torch.tensor([0, 2, 0, 1])
    out.index_add_(0, idx, x)
    out.scatter_add_(1, torch.tensor([[0, 1], [2, 2], [1, 0]]), x[:3, :2])
    return out.pow(2).sum()


run(c)


def d():
    buf = torch.zeros(6, 5)
    buf[1:5] = x
    buf[::2] += 1
    buf.T[2] = buf.T[2] * 2 + buf.T[3]
    v = buf.view(5, 6)
    v[0] = v[0].clone() * 2
    return (buf * buf).sum()


run(d)


def e():
    p = x.unsqueeze(0).repeat(2, 1, 1)
    p[0, 1, :] = 7.0
    q = p.permute(2, 0, 1).contiguous()
    q[0] = q[1]
    return (q * torch.arange(40.0).view(5, 2, 4)).sum()


run(e)


def f():
    i = torch.tensor([[0, 1], [2, 3]])
    j = torch.tensor([1, 0])
    return (
        x[i, j].sum()
        + x[[0, 0, 1]][:, [1, 1]].pow(2).sum()
        + x[x > 0].sum()
        + x[None, ..., 0].sum()
        + x[:, torch.tensor([True, False, True, False, True])].prod(1).sum()
        + x[-1, -2]
        + x[torch.arange(4), torch.tensor([1, 2, 3, 4])].exp().sum()
        + x[1:, ::2].mean()
        + x[..., None].sum() * 0.1
    )


run(f)


def g():
    m = torch.rand(4, 5) > 0.5
    z = torch.where(m, x, torch.zeros_like(x)) + torch.where(x > 0, x * 2, x / 2) + x.masked_fill(m, -1.0) + x.masked_select(m).sum()
    z = torch.where(m, z, torch.tensor(2.0))
    return z.sum() + torch.where(m, 1.0, x).sum()


run(g)


def h():
    w = x.index_select(1, torch.tensor([3, 1, 1]))
    u = torch.gather(x, 0, torch.tensor([[0, 1, 2, 3, 0], [3, 2, 1, 0, 3]]))
    t = x.take(torch.tensor([0, 7, 7]))
    s, i = x.sort(1, descending=True)
    k = x.topk(2, dim=0)[0]
    m, mi = x.median(1)
    kk = x.kthvalue(2, dim=1).values
    print(i, mi, x.argsort(0)[:2], x.argmin(1), x.mode(1)[0].shape)
    return (w * u.sum(0)[:3]).sum() + t.sum() + (s * torch.arange(5.0)).sum() + k.pow(2).sum() + m.sum() + kk.sum()


run(h)


def i_():
    z = x.clone()
    z[0], z[1] = z[1].clone(), z[0].clone()
    z[[2, 3]] = z[[3, 2]]
    z.index_fill_(1, torch.tensor([4]), 0.5)
    z.index_copy_(0, torch.tensor([1]), x[2:3] * 3)
    z[(0, 1)] = 5
    return (z * torch.arange(20.0).view(4, 5)).sum()


run(i_)


def j_():
    a, b = x.chunk(2, dim=0)
    c_, d_ = x.split([2, 3], 1)
    u = x.unbind(0)
    st = torch.stack(u[::-1])
    r = torch.roll(x, 1, 0)
    fl = x.flip(0, 1)
    cs = x.cumsum(1)
    cp = x.cumprod(0)
    return (
        (a * b).sum()
        + c_.sum() * d_.mean()
        + (st * x).sum()
        + (r * fl).sum()
        + cs.pow(2).mean()
        + cp.sum()
        + x.diagonal().sum()
        + x.narrow(1, 1, 2).std()
        + x.tril().var()
        + x.triu(1).norm(p=1)
        + x.logsumexp(1).sum()
        + x.amax(0).sum()
        + x.aminmax(dim=1).min.sum()
    )


run(j_)


def k_():
    t = x.transpose(0, 1)
    t = t.reshape(2, -1)
    e_ = x.expand(3, 4, 5)
    mo = x.movedim(0, 1)
    o = torch.outer(x[0], x[1])
    ei = torch.einsum("ij,kj->ik", x, x)
    bm = torch.bmm(e_, e_.transpose(1, 2))
    ba = torch.baddbmm(torch.ones(3, 4, 4), e_, e_.mT, beta=0.5, alpha=2)
    me = torch.meshgrid(x[0], x[1], indexing="xy")[0]
    return (
        t.sum()
        + mo.std()
        + o.sum()
        + ei.trace()
        + bm.mean()
        + ba.mean()
        + me.sum()
        + torch.addmm(torch.ones(4, 4), x, x.t()).sum()
        + torch.tensordot(x, x, dims=([0, 1], [0, 1]))
        + torch.matmul(x, x[0]).sum()
        + torch.kron(x[:2, :2], x[2:, 2:]).sum()
    )


run(k_)


# errors and versions
def err(f, words=0):
    try:
        f()
        print("no error")
    except Exception as ex:
        kind = next(k for k in (IndexError, TypeError, ValueError, RuntimeError) if isinstance(ex, k))
        print(kind.__name__, str(ex)[:words])


def e1():
    z = x.exp()
    z.add_(1)
    z.sum().backward()


def e2():
    x.add_(1)


def e3():
    x[0] = 1


def e4():
    z = torch.zeros(2)
    z[5] = 1


def e5():
    z = torch.zeros(3)
    z[:] = torch.ones(2)


def e6():
    torch.zeros(3).view(2)


def e7():
    torch.ones(2, 3) @ torch.ones(2, 3)


def e8():
    torch.ones(2) + torch.ones(3)


def e9():
    x.numpy()


def e10():
    torch.cat([torch.ones(2, 2), torch.ones(3, 3)])


def e11():
    x.sum(5)


def e12():
    nn.Linear(3, 2)(torch.ones(1, 4))


def e13():
    F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 3]))


def e14():
    nn.Conv2d(3, 2, 3)(torch.ones(1, 4, 8, 8))


def e15():
    torch.tensor([1, 2]).requires_grad_()


def e16():
    torch.tensor([1, 2]).mean()


def e17():
    bool(torch.ones(2))


def e18():
    torch.ones(3)[1.5]


def e19():
    torch.stack([torch.ones(2), torch.ones(3)])


def e20():
    torch.ones(2).item()


for q in (e1, e2, e3, e4, e5):
    err(q, words=45)
for q in (e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, e16, e17, e18, e19, e20):
    err(q)
b0 = torch.ones(3)
v0 = b0[1:]
v0.mul_(5)
print(b0, b0._version, v0._version, v0.is_contiguous(), v0.storage_offset(), v0.stride(), b0.data_ptr() == b0[:].data_ptr())
with torch.no_grad():
    x[0] = 1
    x.mul_(0.5).sub_(
        1,
    )
    x[:, 0].copy_(torch.arange(4))
    x.clamp_(min=-2)
print(x, x.requires_grad, x.is_leaf)
