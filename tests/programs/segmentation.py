# ruff: noqa  # a program as people write them
"""A small U-Net with skip connections, group normalisation and pooling switches; trained, checkpointed, loaded again."""

import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import MultiStepLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)


class Double(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(
            nn.Conv2d(i, o, 3, padding=1, padding_mode="reflect"),
            nn.GroupNorm(2, o),
            nn.ELU(),
            nn.Conv2d(o, o, 3, padding=2, dilation=2),
            nn.PReLU(),
        )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = Double(1, 4), Double(4, 8)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.join = Double(8, 4)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)
        self.head = nn.Conv2d(4, 3, 1)
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        a = self.down1(x)
        p, where = self.pool(a)
        b = self.up(self.down2(p))
        a = a + self.unpool(p, where)
        if b.shape[-2:] != a.shape[-2:]:
            b = F.interpolate(b, size=a.shape[-2:], mode="bilinear", align_corners=True)
        return self.head(self.join(torch.cat([a, b], dim=1)))


x = torch.rand(8, 1, 12, 12)
y = (x[:, 0] * 3).long().clamp(max=2)
net = UNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
scheduler = MultiStepLR(optimizer, milestones=[1, 2], gamma=0.3)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]), ignore_index=-100)
for epoch in range(3):
    total = 0.0
    for xb, yb in DataLoader(TensorDataset(x, y), batch_size=3, shuffle=True, num_workers=2):
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(xb)
    scheduler.step()
    print("epoch", epoch, "loss %.6f norm %.5f lr %.4f" % (total / 8, norm, optimizer.param_groups[0]["lr"]))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pth")
    torch.save({"epoch": 3, "state_dict": net.state_dict(), "optimizer": optimizer.state_dict()}, path)
    saved = torch.load(path, map_location="cpu")
again = UNet()
again.load_state_dict(saved["state_dict"])
with torch.no_grad():
    prediction = again.eval()(x).max(1)[1]
print("agree %.4f" % (prediction == y).float().mean().item(), "same", torch.equal(prediction, net.eval()(x).argmax(dim=1)))
