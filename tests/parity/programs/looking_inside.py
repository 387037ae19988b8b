"""Looking inside by hooks: Grad-CAM, saliency, guided backpropagation, integrated gradients, attacks, dreams."""

import copy

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(7)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(16 * 16, 20), nn.ReLU(), nn.Linear(20, 5))

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


net = Net().eval()
img = torch.randn(1, 3, 16, 16)


# Grad-CAM by tensor hook
class Extractor:
    def __init__(self, model, layer):
        self.model, self.layer = model, layer
        self.gradients = None

    def save_gradient(self, grad):
        self.gradients = grad

    def forward(self, x):
        conv = None
        for pos, module in self.model.features._modules.items():
            x = module(x)
            if int(pos) == self.layer:
                x.register_hook(self.save_gradient)
                conv = x
        x = x.view(x.size(0), -1)
        return conv, self.model.classifier(x)


ex = Extractor(net, 5)
conv, out = ex.forward(img)
one_hot = torch.zeros_like(out)
one_hot[0][out.argmax().item()] = 1
net.features.zero_grad()
net.classifier.zero_grad()
out.backward(gradient=one_hot, retain_graph=True)
w = ex.gradients.mean(dim=(2, 3), keepdim=True)
cam = F.relu((w * conv).sum(1)).squeeze()
cam = (cam - cam.min()) / (cam.max() - cam.min())
print(cam.detach().numpy().round(4))
print(ex.gradients.shape)
# module hooks
acts, grads = {}, {}


def fh(name):
    def f(m, i, o):
        acts[name] = o.detach()

    return f


def bh(name):
    def f(m, gi, go):
        grads[name] = (None if gi[0] is None else gi[0].clone(), go[0].clone())

    return f


hs = []
for n, m in net.named_modules():
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        hs.append(m.register_forward_hook(fh(n)))
        hs.append(m.register_full_backward_hook(bh(n)))
net.zero_grad()
out = net(img)
out[0, 2].backward()
for k in acts:
    print(k, acts[k].norm().item(), grads[k][0] is None or grads[k][0].norm().item(), grads[k][1].norm().item())
for h in hs:
    h.remove()
# saliency
x = img.clone().requires_grad_()
s = net(x)
s.max(1)[0].backward()
sal, _ = x.grad.data.abs().max(dim=1)
print(sal.shape, sal.sum(), sal[0, 3])


# guided backprop with backward hook that replaces the gradient
class Guided:
    def __init__(self, m):
        self.outs = []
        self.h = []
        for mod in m.modules():
            if isinstance(mod, nn.ReLU):
                self.h.append(mod.register_full_backward_hook(self.back))
                self.h.append(mod.register_forward_hook(self.fwd))

    def back(self, module, gi, go):
        o = self.outs.pop()
        mask = o.clone()
        mask[mask > 0] = 1
        return (mask * torch.clamp(gi[0], min=0.0),)

    def fwd(self, m, i, o):
        self.outs.append(o.detach())


gb = Guided(net)
x = img.clone().requires_grad_(True)
net(x)[0, 1].backward()
print("guided", x.grad.norm(), x.grad[0, 0, :2, :4])
[h.remove() for h in gb.h]


# custom Function guided relu
class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(self, input_img):
        pm = (input_img > 0).type_as(input_img)
        output = torch.addcmul(torch.zeros(input_img.size()).type_as(input_img), input_img, pm)
        self.save_for_backward(input_img, output)
        return output

    @staticmethod
    def backward(self, grad_output):
        input_img, _output = self.saved_tensors
        p1 = (input_img > 0).type_as(grad_output)
        p2 = (grad_output > 0).type_as(grad_output)
        return torch.addcmul(
            torch.zeros(input_img.size()).type_as(input_img),
            torch.addcmul(torch.zeros(input_img.size()).type_as(input_img), grad_output, p1),
            p2,
        )


def run(m, x):
    for _i, c in m._modules.items():
        x = c(x)
    return x


n2 = copy.deepcopy(net)
for i, c in list(n2.features._modules.items()):
    if c.__class__.__name__ == "ReLU":
        n2.features._modules[i] = GuidedReLU.apply
x = img.clone().requires_grad_(True)
o = run(n2.features, x)
o.sum().backward()
print("gr", x.grad.norm(), o.sum())
# forward pre hook, changing input / output
h1 = net.features[0].register_forward_pre_hook(lambda m, i: (i[0] * 2,))
h2 = net.classifier.register_forward_hook(lambda m, i, o: o + 1)
print(net(img))
h1.remove()
h2.remove()
print(net(img))
# tensor hook modifying, retain_grad, integrated gradients, smoothgrad, fgsm/pgd, dream
a = torch.ones(3, requires_grad=True)
b = a * 2
b.retain_grad()
b.register_hook(lambda g: g * 10)
h = b.register_hook(lambda g: print("g", g))
(b * torch.arange(3.0)).sum().backward()
print(a.grad, b.grad)
base = torch.zeros_like(img)
tot = torch.zeros_like(img)
for k in range(1, 6):
    xi = (base + k / 5 * (img - base)).requires_grad_()
    (g,) = torch.autograd.grad(net(xi)[0, 3], xi)
    tot += g
ig = (img - base) * tot / 5
print("ig", ig.sum().item(), (net(img) - net(base))[0, 3].item())
adv = img.clone().detach()
for _ in range(4):
    adv.requires_grad = True
    l = F.cross_entropy(net(adv), torch.tensor([2]))
    g = torch.autograd.grad(l, adv)[0]
    adv = adv.detach() + 0.02 * g.sign()
    adv = torch.min(torch.max(adv, img - 0.05), img + 0.05).clamp(-3, 3)
    print("pgd", l.item())
v = torch.zeros(1, 3, 16, 16, requires_grad=True)
o = optim.SGD([v], lr=1.0, maximize=True)
for _ in range(3):
    o.zero_grad()
    l = net(v)[0, 0] - 0.01 * v.norm()
    l.backward()
    v.grad /= v.grad.std() + 1e-8
    o.step()
    print("dream", l.item())
