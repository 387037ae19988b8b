# ruff: noqa  # a program as people write them
"""A critic trained with a gradient penalty (the derivative of a derivative), and a generator of upsampled convolutions."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import autograd
from torch.autograd import Variable

torch.manual_seed(3)
Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.05)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(8, 8 * 4 * 4))
        self.main = nn.Sequential(
            nn.BatchNorm2d(8),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 8, 3, stride=1, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z):
        out = self.l1(z)
        return self.main(out.view(out.shape[0], 8, 4, 4))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 8, 3, 2, 1), nn.InstanceNorm2d(8), nn.LeakyReLU(0.2)
        )
        self.out = nn.Linear(8 * 4 * 4, 1)

    def forward(self, x):
        return self.out(self.main(x).view(x.size(0), -1))


def penalty(critic, real, fake):
    alpha = torch.rand(real.size(0), 1, 1, 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    out = critic(mixed)
    ones = Variable(Tensor(real.size(0), 1).fill_(1.0), requires_grad=False)
    grads = autograd.grad(outputs=out, inputs=mixed, grad_outputs=ones, create_graph=True, retain_graph=True, only_inputs=True)[0]
    return ((grads.view(grads.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()


g, d = Generator(), Critic()
g.apply(weights_init)
d.apply(weights_init)
opt_g = torch.optim.Adam(g.parameters(), lr=0.001, betas=(0.5, 0.9))
opt_d = torch.optim.RMSprop(d.parameters(), lr=0.001)
for step in range(4):
    real = Variable(torch.randn(6, 1, 16, 16).type(Tensor))
    z = torch.randn(6, 8)
    opt_d.zero_grad()
    fake = g(z).detach()
    loss_d = -torch.mean(d(real)) + torch.mean(d(fake)) + 10 * penalty(d, real.data, fake.data)
    loss_d.backward()
    opt_d.step()
    opt_g.zero_grad()
    loss_g = -torch.mean(d(g(z)))
    loss_g.backward()
    opt_g.step()
    print("[D loss: %f] [G loss: %f] [real: %f]" % (loss_d.item(), loss_g.item(), F.mse_loss(fake, real).item()))
