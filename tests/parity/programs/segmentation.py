"""A U-Net with transposed convolutions and skips and a SegNet with pooling switches, on small pictures of discs."""

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(3)


class DoubleConv(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(
            nn.Conv2d(i, o, 3, padding=1),
            nn.InstanceNorm2d(o, affine=True),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(o, o, 3, padding=1, padding_mode="reflect"),
            nn.GroupNorm(2, o),
            nn.PReLU(o),
        )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1 = DoubleConv(1, 4)
        self.d2 = DoubleConv(4, 8)
        self.mid = DoubleConv(8, 16)
        self.u2 = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.c2 = DoubleConv(16, 8)
        self.u1 = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
        self.c1 = DoubleConv(8, 4)
        self.out = nn.Conv2d(4, 3, 1)

    def crop(self, skip, x):
        dy, dx = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return torch.cat([skip, x], dim=1)

    def forward(self, x):
        s1 = self.d1(x)
        s2 = self.d2(F.max_pool2d(s1, 2))
        m = self.mid(F.max_pool2d(s2, 2))
        x = self.c2(self.crop(s2, self.u2(m)))
        x = self.c1(self.crop(s1, self.u1(x)))
        return self.out(x)


class SegNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.e1 = nn.Conv2d(1, 4, 3, padding=1)
        self.e2 = nn.Conv2d(4, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)
        self.g1 = nn.ConvTranspose2d(8, 4, 3, padding=1)
        self.g2 = nn.ConvTranspose2d(4, 3, 3, padding=1)

    def forward(self, x):
        a = F.relu(self.e1(x))
        s1 = a.size()
        a, i1 = self.pool(a)
        b = F.relu(self.e2(a))
        s2 = b.size()
        b, i2 = self.pool(b)
        b = self.unpool(b, i2, output_size=s2)
        b = F.relu(self.g1(b))
        b = self.unpool(b, i1, output_size=s1)
        return self.g2(b)


def dice(p, y, eps=1.0):
    p = F.softmax(p, 1)
    oh = torch.zeros_like(p).scatter_(1, y.unsqueeze(1), 1.0)
    inter = (p * oh).sum((2, 3))
    return 1 - ((2 * inter + eps) / (p.pow(2).sum((2, 3)) + oh.sum(dim=(2, 3)) + eps)).mean()


yy, xx = torch.meshgrid(torch.arange(21), torch.arange(19), indexing="ij")
masks = torch.stack([((yy - 10) ** 2 + (xx - 9 - k) ** 2 < 30).long() + (yy > 15).long() for k in range(4)]).clamp(max=2)
imgs = masks.float().unsqueeze(1) * 0.5 + 0.1 * torch.randn(4, 1, 21, 19)
print(masks.sum(), masks.dtype, imgs.mean())
for net in (UNet(), SegNet()):
    print(net)
    opt = optim.Adam(net.parameters(), lr=5e-3, amsgrad=True)
    sch = optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.5, patience=0, threshold=0.05)

    for i in range(6):
        out = net(imgs)
        loss = F.cross_entropy(out, masks, ignore_index=2) + dice(out, masks)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 0.5)
        opt.step()
        sch.step(loss.item())
        print(i, loss.item(), opt.param_groups[0]["lr"])
    with torch.no_grad():
        pred = net(imgs).argmax(dim=1)
        hist = torch.bincount((masks * 3 + pred).view(-1), minlength=9).reshape(3, 3).float()
        print(hist)
        iou = torch.diag(hist) / (hist.sum(0) + hist.sum(1) - torch.diag(hist))
        print(iou, iou.mean().item())
