# ruff: noqa  # a program as people write them
"""Distributions: the same draws, densities and entropies; a histogram."""

import torch
import torch.distributions as D
from torch.distributions.bernoulli import Bernoulli

torch.manual_seed(0)
p = torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], requires_grad=True)
c = D.Categorical(p)
s = c.sample((4,))
print(s.tolist(), [round(v, 5) for v in c.log_prob(s).flatten().tolist()], [round(v, 5) for v in c.entropy().tolist()])
c = D.Categorical(logits=p)
print(c.sample().tolist())
c.log_prob(c.sample()).sum().backward()
print([round(v, 4) for v in p.grad.flatten().tolist()])
b = Bernoulli(torch.tensor([0.3, 0.9]))
x = b.sample((3,))
print(x.tolist(), [round(v, 4) for v in b.log_prob(x).flatten().tolist()])
n = D.Normal(torch.zeros(3), 2 * torch.ones(3))
y = n.rsample()
print([round(v, 4) for v in y.tolist()], [round(v, 4) for v in n.log_prob(y).tolist()], [round(v, 4) for v in n.entropy().tolist()])
print(round(D.Normal(0.0, 1.0).sample().item(), 5))
print([round(v, 4) for v in D.Uniform(torch.zeros(2), 3.0).sample((2,)).flatten().tolist()])
h = torch.histogram(torch.tensor([1.0, 2, 1, 4]), bins=4, range=(0.0, 4.0), density=True)
print(h.hist.tolist(), h.bin_edges.tolist())
