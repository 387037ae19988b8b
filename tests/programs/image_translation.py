# ruff: noqa  # a program as people write them
"""Image translation as pix2pix: a U-Net with skips, a critic that looks at pairs, spectral normalisation, old spellings."""

import itertools
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.nn.utils import spectral_norm

torch.manual_seed(11)
Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.Tensor


class Down(nn.Module):
    def __init__(self, i, o, normalize=True, dropout=0.0):
        super(Down, self).__init__()
        layers = [nn.Conv2d(i, o, 4, 2, 1, bias=False)]
        if normalize:
            layers.append(nn.InstanceNorm2d(o))
        layers.append(nn.LeakyReLU(0.2))
        if dropout:
            layers.append(nn.Dropout(dropout))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class Up(nn.Module):
    def __init__(self, i, o):
        super(Up, self).__init__()
        self.model = nn.Sequential(nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.InstanceNorm2d(o), nn.ReLU(inplace=True))

    def forward(self, x, skip):
        return torch.cat((self.model(x), skip), 1)


class Translator(nn.Module):
    def __init__(self):
        super(Translator, self).__init__()
        self.d1, self.d2, self.d3 = Down(3, 8, normalize=False), Down(8, 16), Down(16, 16, dropout=0.5)
        self.u1, self.u2 = Up(16, 16), Up(32, 8)
        self.final = nn.Sequential(nn.Upsample(scale_factor=2), nn.ZeroPad2d((1, 0, 1, 0)), nn.Conv2d(16, 3, 4, padding=1), nn.Tanh())

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(a)
        return self.final(self.u2(self.u1(self.d3(b), b), a))


g = Translator()
d = nn.Sequential(spectral_norm(nn.Conv2d(6, 8, 4, 2, 1)), nn.LeakyReLU(0.2), spectral_norm(nn.Conv2d(8, 1, 4, 2, 1)))
opt_g = torch.optim.Adam(itertools.chain(g.parameters()), lr=2e-4, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
schedule = torch.optim.lr_scheduler.LambdaLR(opt_g, lr_lambda=lambda e: 1.0 - max(0, e - 1) / 4)
ema = [p.data.clone() for p in g.parameters()]
for step in range(3):
    real_a, real_b = Variable(torch.randn(2, 3, 16, 16).type(Tensor)), Variable(torch.rand(2, 3, 16, 16).type(Tensor))
    valid = Variable(Tensor(2, 1, 4, 4).fill_(1.0), requires_grad=False)
    opt_g.zero_grad()
    fake = g(real_a)
    loss_g = F.mse_loss(d(torch.cat((fake, real_a), 1)), valid) + 100 * nn.L1Loss()(fake, real_b)
    loss_g.backward()
    opt_g.step()
    opt_d.zero_grad()
    loss_d = 0.5 * (F.mse_loss(d(torch.cat((real_b, real_a), 1)), valid) + (d(torch.cat((fake.detach(), real_a), 1)) ** 2).mean())
    loss_d.backward()
    opt_d.step()
    schedule.step()
    for e, p in zip(ema, g.parameters()):
        e.mul_(0.9).add_(0.1, p.data)
    print(
        "[D loss: %f] [G loss: %f] [ema: %f] lr %.6f"
        % (loss_d.item(), loss_g.item(), sum(e.norm() for e in ema), opt_g.param_groups[0]["lr"])
    )
