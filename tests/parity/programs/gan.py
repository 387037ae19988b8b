"""Adversarial training: DCGAN, WGAN with clipped weights, WGAN with a gradient penalty."""

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
autograd = torch.autograd
torch.manual_seed(5)
nz, ngf = 6, 4


class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, 1, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.main(z)


class D(nn.Module):
    def __init__(self, bn=True):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, ngf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ngf, ngf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 2) if bn else nn.Identity(),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ngf * 2, 1, 4, 1, 0, bias=False),
        )

    def forward(self, x):
        return self.main(x).view(-1)


def weights_init(m):
    c = m.__class__.__name__
    if c.find("Conv") != -1:
        m.weight.data.normal_(0.0, 0.02)
    elif c.find("BatchNorm") != -1:
        m.weight.data.normal_(1.0, 0.02)
        m.bias.data.fill_(0)


real_all = torch.rand(32, 1, 16, 16) * 2 - 1
g, d = G(), D()
g.apply(weights_init)
d.apply(weights_init)
print(g)
print(d)
fixed = torch.randn(2, nz, 1, 1)
crit = nn.BCEWithLogitsLoss()
oG = optim.Adam(g.parameters(), lr=2e-3, betas=(0.5, 0.999))
oD = optim.Adam(d.parameters(), lr=2e-3, betas=(0.5, 0.999))
for i in range(4):
    real = real_all[i * 8 : (i + 1) * 8]
    label = torch.full((8,), 1.0, dtype=torch.float)
    d.zero_grad()
    out = d(real)
    e1 = crit(out, label)
    e1.backward()
    Dx = torch.sigmoid(out).mean().item()
    fake = g(torch.randn(8, nz, 1, 1))
    label.fill_(0.0)
    out = d(fake.detach())
    e2 = crit(out, label)
    e2.backward()
    z1 = out.mean().item()
    oD.step()
    g.zero_grad()
    label.fill_(1.0)
    out = d(fake)
    eG = crit(out, label)
    eG.backward()
    oG.step()
    print(f"[{i}] Loss_D: {e1 + e2:.6f} Loss_G: {eG.item():.6f} D(x): {Dx:.6f} D(G(z)): {z1:.6f}")
g.eval()
print(g(fixed)[0, 0, :3, :4].detach(), fake.shape)
g.train()
# WGAN, clipping
d = D(bn=False)
d.apply(weights_init)
oD = optim.RMSprop(d.parameters(), lr=5e-3)
oG = optim.RMSprop(g.parameters(), lr=5e-3)
for i in range(3):
    for p in d.parameters():
        p.requires_grad_(True)
    for _j in range(2):
        for p in d.parameters():
            p.data.clamp_(-0.05, 0.05)
        oD.zero_grad()
        with torch.no_grad():
            fake = g(torch.randn(8, nz, 1, 1))
        l = -torch.mean(d(real_all[:8])) + torch.mean(d(fake))
        l.backward()
        oD.step()
    for p in d.parameters():
        p.requires_grad = False
    oG.zero_grad()
    lg = -torch.mean(d(g(torch.randn(8, nz, 1, 1))))
    lg.backward()
    oG.step()
    print("wgan", i, l.item(), lg.item(), all(p.grad is not None for p in g.parameters()))
for p in d.parameters():
    p.requires_grad = True


def gp(D, real, fake):
    alpha = torch.rand((real.size(0), 1, 1, 1))
    inter = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    di = D(inter)
    ones = torch.ones(di.size())
    gr = autograd.grad(outputs=di, inputs=inter, grad_outputs=ones, create_graph=True, retain_graph=True, only_inputs=True)[0]
    gr = gr.view(gr.size(0), -1)
    return ((gr.norm(2, dim=1) - 1) ** 2).mean()


class D2(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1),
            nn.InstanceNorm2d(4, affine=True),
            nn.Softplus(),
            nn.Conv2d(4, 8, 3, 2, 1),
            nn.LayerNorm([8, 4, 4]),
            nn.LeakyReLU(0.2, True),
            nn.AvgPool2d(2),
        )
        self.f = nn.Linear(32, 1)

    def forward(self, x):
        return self.f(torch.tanh(self.c(x)).flatten(1))


for D_ in (d, D2()):
    oD = optim.Adam(D_.parameters(), lr=1e-2, betas=(0.0, 0.9))

    for i in range(5):
        oD.zero_grad()
        fake = g(torch.randn(8, nz, 1, 1)).detach()
        pen = gp(D_, real_all[:8].data, fake.data)
        l = D_(fake).mean() - D_(real_all[:8]).mean() + 10 * pen
        l.backward()
        oD.step()
        print("gp", i, l.item(), pen.item())
