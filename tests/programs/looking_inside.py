# ruff: noqa  # a program as people write them
"""Visualisation by hooks: forward and backward hooks, guided backpropagation, a style loss on Gram matrices, an image optimised."""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.autograd import Function, Variable

torch.manual_seed(9)
net = nn.Sequential(
    nn.Conv2d(3, 6, 3, padding=1),
    nn.ReLU(inplace=False),
    nn.MaxPool2d(2, 2),
    nn.Conv2d(6, 8, 3),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d((2, 2)),
    nn.Flatten(),
    nn.Dropout(0.3),
    nn.Linear(32, 4),
).eval()
kept = {}
handle = net[3].register_forward_hook(lambda m, i, o: kept.update(activation=o))
net[3].register_full_backward_hook(lambda m, gi, go: kept.update(gradient=go[0]))


def guide(module, grad_in, grad_out):
    if isinstance(module, nn.ReLU):
        return (torch.clamp(grad_in[0], min=0.0),)


for pos, module in net._modules.items():
    module.register_full_backward_hook(guide)
x = Variable(torch.rand(1, 3, 10, 10), requires_grad=True)
out = net(x)
one_hot = torch.FloatTensor(1, out.size()[-1]).zero_()
one_hot[0][2] = 1
net.zero_grad()
out.backward(gradient=one_hot, retain_graph=True)
weights = kept["gradient"].data.numpy()[0].mean(axis=(1, 2))
cam = (kept["activation"].detach()[0] * torch.from_numpy(weights).view(-1, 1, 1)).sum(0).clamp(min=0)
print("cam %.6f input gradient %.6f" % (cam.sum().item(), x.grad.abs().sum().item()))
handle.remove()


class GramMatrix(nn.Module):
    def forward(self, y):
        b, c, h, w = y.size()
        features = y.view(b, c, h * w)
        return features.bmm(features.transpose(1, 2)) / (c * h * w)


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, by):
        ctx.by = by
        ctx.save_for_backward(x)
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * ctx.by * (x > 0).float(), None


style = GramMatrix()(net[:3](torch.rand(1, 3, 10, 10))).detach()
image = torch.rand(1, 3, 10, 10, requires_grad=True)
optimizer = optim.LBFGS([image], max_iter=5)
for _ in range(2):

    def closure():
        image.data.clamp_(0, 1)
        optimizer.zero_grad()
        loss = (
            100 * nn.MSELoss()(GramMatrix()(net[:3](Scaled.apply(image, 0.5))), style)
            + torch.sum(torch.abs(image[:, :, 1:] - image[:, :, :-1])) * 1e-3
        )
        loss.backward()
        return loss

    print("style %.6f" % optimizer.step(closure).item())
