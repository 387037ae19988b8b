"""A residual network: batch norm in both modes, in-place activations, top-k accuracy, fine-tuning of a frozen copy."""

import copy

import torch
from sklearn.datasets import load_digits

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(1)


def conv3x3(i, o, stride=1):
    return nn.Conv2d(i, o, kernel_size=3, stride=stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, i, o, stride=1, downsample=None):
        super().__init__()
        self.conv1 = conv3x3(i, o, stride)
        self.bn1 = nn.BatchNorm2d(o)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(o, o)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        residual = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            residual = self.downsample(x)
        out += residual
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, layers=(1, 1, 1), n=10):
        super().__init__()
        self.inplanes = 8
        self.conv1 = conv3x3(1, 8)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._make(8, layers[0])
        self.layer2 = self._make(16, layers[1], 2)
        self.layer3 = self._make(32, layers[2], 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(32, n)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)
        for m in self.modules():
            if isinstance(m, BasicBlock):
                nn.init.constant_(m.bn2.weight, 0)

    def _make(self, planes, blocks, stride=1):
        down = None
        if stride != 1 or self.inplanes != planes:
            down = nn.Sequential(nn.Conv2d(self.inplanes, planes, 1, stride=stride, bias=False), nn.BatchNorm2d(planes))
        layers = [BasicBlock(self.inplanes, planes, stride, down)]
        self.inplanes = planes
        for _ in range(1, blocks):
            layers.append(BasicBlock(planes, planes))
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)


d = load_digits()
X = torch.from_numpy(d.images[:256]).float().unsqueeze(1) / 16
Y = torch.from_numpy(d.target[:256]).long()
X = F.pad(X, (2, 2, 2, 2))
net = ResNet()
print(net)
print(sum(p.numel() for p in net.parameters() if p.requires_grad))
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
sch = optim.lr_scheduler.MultiStepLR(opt, milestones=[4, 8], gamma=0.1)
for it in range(10):
    idx = torch.randperm(256)[:64]
    out = net(X[idx])
    loss = F.cross_entropy(out, Y[idx])
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    sch.step()
    print(it, f"{loss.item():.8f}", opt.param_groups[0]["lr"])
net.eval()
with torch.no_grad():
    out = net(X)
    prob, pred = F.softmax(out, dim=1).topk(3, 1, True, True)
    c = pred.t().eq(Y.view(1, -1).expand_as(pred.t()))
    print([c[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / 256) for k in (1, 3)])
    print(prob[:3])
    print(pred[:5])
print(net.layer2[0].downsample[1].running_var)
print(net.bn1.running_mean)
for n, p in net.named_parameters():
    print(n, tuple(p.shape), f"{p.norm().item():.6f} {p.grad.abs().sum().item():.6f}")
# fine tuning
for p in net.parameters():
    p.requires_grad = False
net.fc = nn.Linear(32, 3)
opt = optim.Adam(filter(lambda p: p.requires_grad, net.parameters()), lr=1e-2)
for _i in range(3):
    l = F.cross_entropy(net(X[:32]), Y[:32] % 3)
    opt.zero_grad()
    l.backward()
    opt.step()
    print(l)
print(net.conv1.weight.grad is None, net.fc.weight.grad.norm())
c = copy.deepcopy(net)
with torch.no_grad():
    c.fc.weight.add_(1.0)
print((c.fc.weight - net.fc.weight).mean(), c.fc.weight.requires_grad, c.conv1.weight.requires_grad)
