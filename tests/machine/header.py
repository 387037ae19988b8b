"""What every program begins with. The text is executed with `m` (the library, the twin, or PyTorch) and `dtype` given; pasted, it runs by itself."""

PASTED = """import numpy as np
import autograd_cnn as m
import autograd_cnn.utils.checkpoint
{setting}
dtype = m.{dtype}
m.set_default_dtype(dtype)
wrap = lambda net: {wrap}
"""

HELPERS = '''import asyncio, contextvars, copy, threading
F, nn = m.nn.functional, m.nn
seen, counts, keep, retained, inner, changes = {}, {}, [], [], [], {}

class Boom(Exception): pass

def drawn(seed, shape): return np.random.default_rng(seed).standard_normal(shape).astype(np.float32).astype(np.float64)

def T(seed, *shape, grad=False): return m.tensor(drawn(seed, shape), dtype=dtype, requires_grad=grad)

def W(seed, *shape):
    t = T(seed, *shape) * (1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.3)
    return t.detach().requires_grad_(True)

def see(name, t):
    counts[name] = k = counts.get(name, 0) + 1
    seen[f"{name}#{k}"] = None if t is None else np.array(t.detach().numpy(), np.float64)

def fill(net, seed):
    with m.no_grad():
        state = {name: p for name, p in net.state_dict().items() if not name.endswith("num_batches_tracked")}
        for i, (name, p) in enumerate(sorted(state.items())):
            t = T(seed + i, *p.shape)
            t = t / float(np.sqrt(np.prod(p.shape[1:]))) if len(p.shape) > 1 else t * 0.2
            p.copy_(t * t + 0.7 if name.endswith("running_var") else t + 1.0 if len(p.shape) == 1 and name.endswith("weight") else t)
    return net

def in_thread(fn):
    got = []
    def run():
        try: got.append(fn())
        except BaseException as error: got.append(error)
    thread = threading.Thread(target=run); thread.start(); thread.join()
    if isinstance(got[0], BaseException): raise got[0]
    return got[0]

def beside(train, evaluate, copied):
    """Train here while another thread (with a copy of this context, or a fresh one) is in the middle of an evaluation."""
    inside, done = threading.Event(), threading.Event()
    def other():
        with m.no_grad():
            evaluate(); inside.set(); done.wait(30); evaluate()
    where = contextvars.copy_context()
    thread = threading.Thread(target=(lambda: where.run(other)) if copied else other); thread.start()
    inside.wait(30)
    try: return train()
    finally: done.set(); thread.join()

def tasks(train, evaluate):
    """Train in one coroutine while another waits inside no_grad."""
    async def other():
        with m.no_grad(): evaluate(); await asyncio.sleep(0); evaluate()
    async def main():
        async def one(): await asyncio.sleep(0); return train()
        return (await asyncio.gather(other(), one()))[1]
    return asyncio.run(main())

def halve(g): g.mul_(0.5)
def boom(g): raise Boom
def by_copy(layer):
    with m.no_grad(): layer.weight.copy_(layer.weight * 0.5)
def by_mul(layer):
    with m.no_grad(): layer.weight.mul_(0.5)
def by_init(layer): nn.init.constant_(layer.weight, 0.1)
def by_numpy(layer):  # writes that nobody counts: only where nothing is recorded
    if not m.is_grad_enabled(): a = layer.weight.detach().numpy(); a *= 0.5
def by_data(layer):
    if not m.is_grad_enabled(): layer.weight.data.mul_(0.5)
def by_load(layer): layer.load_state_dict({k: v * 0.5 if len(v.shape) else v for k, v in layer.state_dict().items()})
def by_thread(layer): in_thread(lambda: by_copy(layer))
def by_step(layer):
    layer.weight.grad = m.ones_like(layer.weight); m.optim.SGD([layer.weight], lr=0.1).step(); layer.weight.grad = None
def look():
    for name, t in keep: see(name, t)
    for name, t in retained: see(name, t.grad)
    forget()
def forget(): keep.clear(); retained.clear(); inner.clear()
'''

DROP = """
def drop(h, p, seed, whole=False):
    if not whole: h = h.contiguous()  # the mask is drawn in the order of memory
    m.manual_seed(seed); return F.dropout(h, p, True)
"""
