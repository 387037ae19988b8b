"""The names of PyTorch and torchvision that public CNN programs use (found by a scan of 170 of them), each in a use of it.

`USES` maps a name to an expression, evaluated by `evaluate` with `torch` standing for either library.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

_TEXT = """
Tensor.size: x.size(0), x.size()
Tensor.view: x.view(2, -1), x.view(-1)
Tensor.backward: (w * w).sum().backward() or w.grad
Tensor.data: w.data * 2
Tensor.item: x.sum().item()
Tensor.shape: x.shape, len(x.shape)
Tensor.numpy: x.numpy().sum()
Tensor.transpose: x.transpose(1, 2)
Tensor.detach: (w * 2).detach()
Tensor.max: x.max(), x.max(1)[0], x.max(1, keepdim=True)[1]
Tensor.mean: x.mean(), x.mean(dim=[2, 3]), x.mean(3, keepdim=True)
Tensor.fill_: x.clone().fill_(2.0)
Tensor.sum: x.sum(), x.sum(1), x.sum((2, 3), keepdim=True)
Tensor.contiguous: x.transpose(1, 2).contiguous().view(2, -1)
Tensor.min: x.min(), x.min(0)[0]
Tensor.unsqueeze_: x.clone().unsqueeze_(0).shape
Tensor.reshape: x.reshape(-1, 4), x.reshape((6, 16))
Tensor.zero_: x.clone().zero_()
Tensor.unsqueeze: x.unsqueeze(1).shape
Tensor.eq: i.eq(1).sum(), i.eq(i.view_as(i))
Tensor.squeeze: x[:1].squeeze(), x[:1].squeeze(0)
Tensor.normal_: torch.empty(3).normal_(0, 0.02)
Tensor.repeat: v.repeat(2, 1), v.repeat(3)
Tensor.clip: x.clip(-0.5, 0.5), x.clip(min=0)
Tensor.clone: x.clone()
Tensor.mul_: v.clone().mul_(0.5)
Tensor.requires_grad: w.requires_grad, x.requires_grad
Tensor.tolist: i.tolist()
Tensor.flatten: x.flatten(), x.flatten(1)
Tensor.view_as: v.view_as(v.reshape(1, -1))
Tensor.norm: v.norm(), x.norm(2, dim=1), v.norm(1)
Tensor.mul: v.mul(v), v.mul(2)
Tensor.device: str(x.device)
Tensor.expand_as: x[:, :1].expand_as(x)
Tensor.long: v.long(), (v * 10).long()
Tensor.permute: x.permute(0, 2, 3, 1)
Tensor.t: m.t()
Tensor.grad: w.grad
Tensor.std: x.std(), x.std(dim=1), v.std(unbiased=False)
Tensor.div_: v.clone().div_(3)
Tensor.expand: v.expand(2, 5), m[:, :1].expand(-1, 4)
Tensor.narrow: x.narrow(1, 0, 2)
Tensor.register_hook: (lambda y: (y.register_hook(seen.append), y.sum().backward(), seen[0])[2])(w * 3)
Tensor.clamp: x.clamp(0, 1), x.clamp(min=0), x.clamp(max=0.3)
Tensor.dtype: str(x.dtype)[-7:], i.dtype == torch.int64
Tensor.add_: v.clone().add_(1), v.clone().add_(v, alpha=0.5), v.clone().add_(0.5, v)
Tensor.topk: v.topk(2), x.topk(2, 1, True, True)[1]
Tensor.copy_: torch.zeros(5).copy_(v)
Tensor.dim: x.dim()
Tensor.is_cuda: x.is_cuda
Tensor.sigmoid: x.sigmoid()
Tensor.uniform_: torch.empty(4).uniform_(-1, 2)
Tensor.argmax: x.argmax(), x.argmax(1), x.argmax(dim=1, keepdim=True)
Tensor.lt: v.lt(0)
Tensor.prod: v.prod(), x.prod(1)
Tensor.clamp_: v.clone().clamp_(-0.1, 0.1)
Tensor.bernoulli_: torch.empty(6).bernoulli_(0.3)
Tensor.bmm: x[:, 0].bmm(x[:, 1])
Tensor.chunk: x.chunk(2, 2), x.chunk(3, dim=1)
Tensor.detach_: (w * 2).detach_()
Tensor.get_device: x.get_device()
Tensor.is_xpu: x.is_xpu
Tensor.new: v.new(2, 3).zero_(), v.new([1, 2])
Tensor.new_tensor: v.new_tensor([1, 2])
Tensor.random_: torch.empty(4).random_(0, 10), torch.zeros(3, dtype=torch.int64).random_(5)
Tensor.scatter_: torch.zeros(3, 4).scatter_(1, i.view(-1, 1), 1)
Tensor.sqrt: v.abs().sqrt()
Tensor.stride: x.stride(), x.stride(0)
Tensor.pow: v.pow(2), v.abs().pow(0.5)
Tensor.exp: v.exp()
Tensor.nelement: x.nelement()
Tensor.T: m.T
Tensor.mm: m.mm(m.t())
Tensor.log: v.abs().log()
Tensor.retain_grad: (lambda y: (y.retain_grad(), (y * y).sum().backward(), y.grad)[2])(w * 3)
Tensor.var: x.var(), x.var(1), x.var(0, False)
Tensor.abs: v.abs()
Tensor.ndim: x.ndim
Tensor.ravel: m.ravel()
Tensor.dot: v.dot(v)
Tensor.indices: v.sort().indices, v.max(0).indices
Tensor.logit: v.sigmoid().logit()
Tensor.numel: x.numel()
Tensor/Module.cuda: fails(lambda: x.cuda()), fails(lambda: nn.Linear(1, 1).cuda())
Tensor/Module.type: x.type(torch.DoubleTensor), x.type(), nn.Linear(2, 1).type(torch.float64).weight, i.type(torch.FloatTensor)
Tensor/Module.float: i.float(), nn.Linear(2, 1).double().float().weight
Tensor/Module.to: x.to("cpu"), x.to(torch.device("cpu"), torch.float64), nn.Linear(2, 1).to(torch.device("cpu")).weight
Tensor/Module.cpu: x.cpu(), nn.Linear(2, 1).cpu().weight
Tensor/Module.requires_grad_: v.clone().requires_grad_().requires_grad, nn.Linear(1, 1).requires_grad_(False).weight.requires_grad
Tensor/Module.double: v.double(), nn.Linear(2, 1).double().bias
Tensor/Module.half: v.half(), nn.Linear(2, 1).half().weight
nn.Module: Net()(x)
nn.Conv2d: nn.Conv2d(3, 4, 3, padding=1, stride=2)(x), nn.Conv2d(3, 6, kernel_size=3, groups=3, bias=False, dilation=1, padding_mode="reflect", padding=1)(x)
nn.Sequential: nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())(x), nn.Sequential(OrderedDict([("a", nn.Linear(5, 2))]))(v)
nn.Linear: nn.Linear(5, 3)(v), nn.Linear(5, 3, bias=False)(v)
nn.BatchNorm2d: nn.BatchNorm2d(3)(x), nn.BatchNorm2d(num_features=3, eps=0.8).eval()(x)
nn.ReLU: nn.ReLU()(x), nn.ReLU(inplace=True)(x.clone())
nn.LeakyReLU: nn.LeakyReLU(0.2, inplace=True)(x.clone())
nn.Tanh: nn.Tanh()(x)
nn.Dropout: nn.Dropout(0.5)(x), nn.Dropout().eval()(x)
nn.MaxPool2d: nn.MaxPool2d(2)(x), nn.MaxPool2d(kernel_size=3, stride=2, padding=1, ceil_mode=True)(x)
nn.CrossEntropyLoss: nn.CrossEntropyLoss()(m, k)
nn.Dropout2d: nn.Dropout2d(0.25)(x)
nn.AdaptiveAvgPool2d: nn.AdaptiveAvgPool2d((1, 1))(x), nn.AdaptiveAvgPool2d(output_size=2)(x)
nn.MSELoss: nn.MSELoss()(v, v * 2), nn.MSELoss(reduction="sum")(v, v * 2)
nn.Upsample: nn.Upsample(scale_factor=2)(x), nn.Upsample(scale_factor=2, mode="bilinear")(x)
nn.ConvTranspose2d: nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1, bias=False)(x)
nn.Sigmoid: nn.Sigmoid()(x)
nn.L1Loss: nn.L1Loss()(v, v * 2)
nn.AvgPool2d: nn.AvgPool2d(2, stride=1, padding=1, count_include_pad=False)(x), nn.AvgPool2d(kernel_size=4)(x)
nn.InstanceNorm2d: nn.InstanceNorm2d(3, affine=True)(x), nn.InstanceNorm2d(3, track_running_stats=True)(x)
nn.BCELoss: nn.BCELoss()(v.sigmoid(), v.gt(0).float())
nn.Embedding: nn.Embedding(4, 3)(i), nn.Embedding(4, 3, padding_idx=0).weight
nn.Conv1d: nn.Conv1d(3, 2, 2, stride=1, padding=2, dilation=2)(x[:, :, 0])
nn.BatchNorm1d: nn.BatchNorm1d(4, momentum=0.2)(m)
nn.ModuleList: len(nn.ModuleList([nn.ReLU(), nn.Tanh()])), [c(v) for c in nn.ModuleList([nn.ReLU()])]
nn.PixelShuffle: nn.PixelShuffle(upscale_factor=2)(x.repeat(1, 4, 1, 1))
nn.Softmax: nn.Softmax(dim=1)(m)
nn.ReflectionPad2d: nn.ReflectionPad2d(1)(x)
nn.ZeroPad2d: nn.ZeroPad2d((1, 0, 1, 0))(x)
nn.Parameter: nn.Parameter(torch.ones(2)).requires_grad
nn.DataParallel: nn.DataParallel(nn.Linear(5, 2))(v), list(nn.DataParallel(nn.Linear(1, 1)).state_dict())
nn.LSTM: nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True)(x[:, 0])[0], nn.LSTM(input_size=4, hidden_size=3)(x[:, 0])[1]
nn.BCEWithLogitsLoss: nn.BCEWithLogitsLoss()(v, v.gt(0).float())
nn.ReLU6: nn.ReLU6(inplace=True)(x * 9)
nn.LogSoftmax: nn.LogSoftmax(dim=-1)(m)
nn.LayerNorm: nn.LayerNorm([4, 4])(x), nn.LayerNorm(4, eps=1e-6)(x)
nn.ConstantPad2d: nn.ConstantPad2d(1, 3.5)(x)
nn.GroupNorm: nn.GroupNorm(3, 3)(x)
nn.PReLU: nn.PReLU()(x)
nn.NLLLoss: nn.NLLLoss()(m, k), nn.NLLLoss(reduction="sum")(m, k)
Module/Optimizer.zero_grad: stepped().zero_grad(), Net().zero_grad()
Module/Optimizer.load_state_dict: str(Net().load_state_dict(Net().state_dict())), stepped().load_state_dict(stepped().state_dict())
Module/Optimizer.state_dict: Net().state_dict(), list(stepped().state_dict())
Optimizer.step: stepped().step()
Optimizer.param_groups: stepped().param_groups[0]["lr"]
Module.parameters: list(Net().parameters())
Module.eval: Net().eval().training
Module.train: Net().train(False).training
Module.apply: str(Net().apply(lambda c: nn.init.constant_(c.bias, 1) if hasattr(c, "bias") else None).c.bias.tolist())
Module.modules: [type(c).__name__ for c in Net().modules()]
Module._modules: list(Net()._modules)
Module.training: Net().training
Module.children: len(list(Net().children()))
Module.add_module: (lambda n: (n.add_module("extra", nn.ReLU()), list(n._modules))[1])(Net())
Module.register_backward_hook: (lambda n: (n.c.register_backward_hook(lambda c, gi, go: seen.append(go[0])), n(x).sum().backward(), seen[-1])[2])(Net())
Module.register_forward_hook: (lambda n: (n.c.register_forward_hook(lambda c, a, o: seen.append(o)), n(x), seen[-1])[2])(Net())
Module.named_parameters: [n for n, _ in Net().named_parameters()]
Module.named_children: [n for n, _ in Net().named_children()]
Module.register_buffer: (lambda n: (n.register_buffer("b", v), n.state_dict())[1])(Net())
torch.autograd.Variable: Variable(v, requires_grad=True).requires_grad, Variable(v, volatile=True).requires_grad
torch.autograd.grad: torch.autograd.grad(outputs=w ** 3, inputs=w, grad_outputs=v[:3], create_graph=True, retain_graph=True, only_inputs=True)[0]
torch.autograd.Function: Twice.apply(w), torch.autograd.grad(Twice.apply(w).sum(), w)[0]
torch.cuda.is_available: torch.cuda.is_available()
torch.cuda.FloatTensor: fails(lambda: torch.cuda.FloatTensor(2)), isinstance(v, torch.cuda.FloatTensor)
torch.cuda.LongTensor: fails(lambda: torch.cuda.LongTensor(2))
torch.cuda.manual_seed: torch.cuda.manual_seed(1)
torch.cuda.set_device: fails(lambda: torch.cuda.set_device(0)) != "nothing"
torch.cuda.synchronize: fails(lambda: torch.cuda.synchronize())
torch.cuda.memory_summary: callable(torch.cuda.memory_summary)
torch.cuda.get_device_properties: fails(lambda: torch.cuda.get_device_properties(0))
data.DataLoader: [b for b in data.DataLoader(Numbers(), batch_size=2, shuffle=True, num_workers=0, pin_memory=False, collate_fn=None, sampler=None)]
data.Dataset: Numbers()[1], issubclass(Numbers, data.Dataset)
data.Sampler: issubclass(data.SequentialSampler, data.Sampler)
data.Subset: len(data.Subset(Numbers(), [0, 2])), data.Subset(Numbers(), [2])[0]
data.sampler.Sampler: data.sampler.Sampler is data.Sampler
torch.cat: torch.cat([v, v]), torch.cat((m, m), dim=1), torch.cat((m, m), 1)
torch.save: torch.save({"v": v}, tmp / "a.pt")
torch.load: (torch.save({"v": v}, tmp / "b.pt"), torch.load(tmp / "b.pt", map_location="cpu", weights_only=True))[1]
torch.FloatTensor: torch.FloatTensor([1, 2]), torch.FloatTensor(2, 3).zero_()
torch.no_grad: (lambda: (torch.no_grad().__enter__(), (w * 2).requires_grad, torch.set_grad_enabled(True))[1])()
torch.randn: torch.randn(2, 3), torch.randn(2, requires_grad=True).requires_grad, torch.randn(2, generator=torch.Generator().manual_seed(1))
torch.from_numpy: torch.from_numpy(numpy.ones(2, dtype="float32"))
torch.manual_seed: (torch.manual_seed(3), torch.rand(2))[1]
torch.device: str(torch.device("cpu")), torch.device("cuda" if torch.cuda.is_available() else "cpu").type
torch.Tensor: torch.Tensor([1, 2]), torch.Tensor(2, 2).zero_(), isinstance(v, torch.Tensor)
torch.mean: torch.mean(x), torch.mean(x, dim=1)
torch.zeros: torch.zeros(2, 3), torch.zeros((2,), dtype=torch.int64)
torch.LongTensor: torch.LongTensor([1, 2])
torch.tensor: torch.tensor([1, 2]), torch.tensor(1.5, requires_grad=True), torch.tensor([1], dtype=torch.float32, device="cpu")
torch.clamp: torch.clamp(v, min=0), torch.clamp(v, 0, 1), torch.clamp(v, max=0)
torch.max: torch.max(v), torch.max(x, 1)[1], torch.max(v, -v)
torch.__version__: torch.__version__.split("+")[0]
torch.sum: torch.sum(v), torch.sum(x, dim=1, keepdim=True)
torch.flatten: torch.flatten(x, 1)
torch.add: torch.add(v, v), torch.add(v, 2)
torch.ones: torch.ones(2, 2)
torch.rand: torch.rand(3), torch.rand((2, 2), generator=torch.Generator().manual_seed(1))
torch.matmul: torch.matmul(m, m.t()), torch.matmul(x, x)
torch.stack: torch.stack([v, v]), torch.stack((v, v), 1)
torch.empty: torch.empty(2, 3, dtype=torch.int64, device="cpu").shape
torch.sqrt: torch.sqrt(v.abs())
torch.ByteTensor: torch.ByteTensor([1, 0])
torch.abs: torch.abs(v)
torch.long: v.to(torch.long)
torch.unsqueeze: torch.unsqueeze(v, 1)
torch.exp: torch.exp(v)
torch.log: torch.log(v.abs())
torch.float: i.to(torch.float)
torch.mm: torch.mm(m, m.t())
torch.sigmoid: torch.sigmoid(v)
torch.bernoulli: torch.bernoulli(torch.full((5,), 0.4))
torch.equal: torch.equal(v, v), torch.equal(v, v + 1)
torch.float32: i.to(torch.float32)
torch.full: torch.full((2,), 3.0, dtype=torch.float32, device="cpu")
torch.min: torch.min(v), torch.min(x, 2).values
torch.mul: torch.mul(v, 3), torch.mul(m, m)
torch.pow: torch.pow(v, 2)
torch.split: torch.split(x, 2, dim=2), torch.split(x, [1, 2], 1)
torch.trace: torch.trace(m[:, :3])
torch.transpose: torch.transpose(m, 0, 1)
torch.where: torch.where(v > 0, v, torch.zeros(5)), torch.where(v > 0, 1.0, 0.0)
torch.multinomial: torch.multinomial(v.abs(), num_samples=3), torch.multinomial(v.abs(), 6, replacement=True, generator=torch.Generator().manual_seed(2))
torch.randint: torch.randint(0, 9, (4,)), torch.randint(5, size=(3,), generator=torch.Generator().manual_seed(1))
torch.tanh: torch.tanh(v)
torch.Generator: torch.Generator().manual_seed(1).initial_seed()
torch.arange: torch.arange(4), torch.arange(0, 1, 0.25), torch.arange(3, dtype=torch.float32, device="cpu")
torch.int32: v.to(torch.int32)
torch.ones_like: torch.ones_like(m)
torch.randn_like: torch.randn_like(m)
torch.zeros_like: torch.zeros_like(m)
torch.all: torch.all(v > -9)
torch.allclose: torch.allclose(v, v + 1e-9)
torch.argmax: torch.argmax(m, dim=1)
torch.histogram: torch.histogram(v, 3, density=True)
torch.isnan: torch.isnan(v)
torch.linspace: torch.linspace(0, 1, 5)
torch.log1p: torch.log1p(v.abs())
torch.set_printoptions: torch.set_printoptions(sci_mode=False)
optim.Adam: trained(lambda p: optim.Adam(p, lr=0.01, betas=(0.5, 0.999), weight_decay=0.1))
optim.SGD: trained(lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True))
optim.Adadelta: trained(lambda p: optim.Adadelta(p, lr=1.0, rho=0.9))
optim.RMSprop: trained(lambda p: optim.RMSprop(p, lr=0.01))
F.relu: F.relu(x), F.relu(x.clone(), inplace=True)
F.avg_pool2d: F.avg_pool2d(x, 2), F.avg_pool2d(x, x.size()[2:])
F.nll_loss: F.nll_loss(m, k), F.nll_loss(m, k, size_average=False), F.nll_loss(m, k, weight=torch.ones(4), reduction="sum")
F.log_softmax: F.log_softmax(m, dim=1)
F.adaptive_avg_pool2d: F.adaptive_avg_pool2d(x, (1, 1)), F.adaptive_avg_pool2d(x, 2)
F.interpolate: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True), F.interpolate(x, size=(3, 5)), F.interpolate(x, None, 2, "bicubic")
F.max_pool2d: F.max_pool2d(x, 2), F.max_pool2d(x, kernel_size=3, stride=2, padding=1)
F.pad: F.pad(x, (1, 2)), F.pad(x, (1, 1, 1, 1), "reflect"), F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1), "constant", 0)
F.softmax: F.softmax(m, dim=1)
F.dropout: F.dropout(v, p=0.5, training=True), F.dropout(v, training=False)
F.cross_entropy: F.cross_entropy(m, k), F.cross_entropy(m, k, reduction="none")
F.sigmoid: F.sigmoid(v)
F.batch_norm: F.batch_norm(x, torch.zeros(3), torch.ones(3), training=True)
F.binary_cross_entropy_with_logits: F.binary_cross_entropy_with_logits(v, v.gt(0).float(), size_average=False)
F.gelu: F.gelu(v)
F.max_pool1d: F.max_pool1d(x[:, :, 0], 2)
F.mse_loss: F.mse_loss(v, v * 2)
F.binary_cross_entropy: F.binary_cross_entropy(v.sigmoid(), v.gt(0).float()), F.binary_cross_entropy(v.sigmoid(), v.sigmoid(), size_average=False)
F.one_hot: F.one_hot(i, num_classes=4)
F.smooth_l1_loss: F.smooth_l1_loss(v, v * 2)
nn.init.normal_: nn.init.normal_(torch.empty(4), 0.0, std=0.02)
nn.init.constant_: nn.init.constant_(torch.empty(4), 0.3)
nn.init.kaiming_normal_: nn.init.kaiming_normal_(torch.empty(4, 3, 3, 3), mode="fan_out", nonlinearity="relu")
nn.init.zeros_: nn.init.zeros_(torch.ones(2))
nn.init.calculate_gain: nn.init.calculate_gain("relu"), nn.init.calculate_gain("leaky_relu", 0.2)
nn.init.kaiming_normal: nn.init.kaiming_normal(torch.empty(4, 3), mode="fan_in")
nn.init.orthogonal_: nn.init.orthogonal_(torch.empty(4, 3), 2 ** 0.5)
nn.init.xavier_uniform_: nn.init.xavier_uniform_(torch.empty(4, 3))
nn.init.constant: nn.init.constant(torch.empty(2), 1)
nn.init.normal: nn.init.normal(torch.empty(2), std=0.1)
nn.init.ones_: nn.init.ones_(torch.empty(2))
nn.init.uniform_: nn.init.uniform_(torch.empty(3), -1, 1)
nn.utils.clip_grad_norm_: (lambda n: (n(x).sum().backward(), nn.utils.clip_grad_norm_(n.parameters(), 0.5), n.c.weight.grad)[1:])(Net())
nn.utils.clip_grad_norm: (lambda n: (n(x).sum().backward(), nn.utils.clip_grad_norm(n.parameters(), 0.5))[1])(Net())
nn.utils.weight_norm: nn.utils.weight_norm(nn.Linear(5, 3))(v), list(nn.utils.weight_norm(nn.Linear(5, 3)).state_dict())
nn.utils.rnn.pack_padded_sequence: nn.utils.rnn.pack_padded_sequence(x[:, 0], [4, 2], batch_first=True).data
nn.parallel.data_parallel: callable(nn.parallel.data_parallel)
nn.modules.activation.ReLU: nn.modules.activation.ReLU is nn.ReLU
nn.modules.conv.Conv2d: nn.modules.conv.Conv2d is nn.Conv2d
nn.modules.pixelshuffle.PixelShuffle: nn.modules.pixelshuffle.PixelShuffle is nn.PixelShuffle
nn.modules.utils._pair: nn.modules.utils._pair(2), nn.modules.utils._pair((1, 2))
optim.lr_scheduler.StepLR: scheduled(lambda o: optim.lr_scheduler.StepLR(o, step_size=2, gamma=0.7))
optim.lr_scheduler.LambdaLR: scheduled(lambda o: optim.lr_scheduler.LambdaLR(o, lr_lambda=lambda e: 1 / (e + 1)))
optim.lr_scheduler.MultiStepLR: scheduled(lambda o: optim.lr_scheduler.MultiStepLR(o, milestones=[1, 3], gamma=0.2))
optim.lr_scheduler.CosineAnnealingLR: scheduled(lambda o: optim.lr_scheduler.CosineAnnealingLR(o, T_max=4))
optim.lr_scheduler._LRScheduler: issubclass(optim.lr_scheduler.StepLR, optim.lr_scheduler._LRScheduler)
torch.accelerator.current_accelerator: torch.accelerator.current_accelerator()
torch.accelerator.is_available: torch.accelerator.is_available()
torch.accelerator.device_count: torch.accelerator.device_count()
torch.accelerator.set_device_index: fails(lambda: torch.accelerator.set_device_index(0))
torch.backends.cudnn.benchmark: setattr(torch.backends.cudnn, "benchmark", True), torch.backends.cudnn.benchmark
torch.backends.cudnn.deterministic: setattr(torch.backends.cudnn, "deterministic", True), torch.backends.cudnn.deterministic
torch.backends.mps.is_available: torch.backends.mps.is_available()
torch.distributions.bernoulli.Bernoulli: torch.distributions.bernoulli.Bernoulli(torch.tensor([0.3, 0.9])).sample()
torch.serialization.safe_globals: torch.serialization.safe_globals([set]) is not None
torch.hub.load_state_dict_from_url: (put("net-00000000.pth"), torch.hub.load_state_dict_from_url("http://localhost/net-00000000.pth", str(tmp)))[1]
torch.utils.model_zoo.load_url: (put("old-00000000.pth"), module("utils.model_zoo").load_url("http://localhost/old-00000000.pth", str(tmp), progress=False))[1]
"""
_VISION = """
transforms.ToTensor: transforms.ToTensor()(picture).shape
transforms.Compose: transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])(picture).mean()
transforms.Normalize: transforms.Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])(x[0])
transforms.Resize: transforms.Resize(8)(picture).size, transforms.Resize((5, 7))(picture).size
transforms.RandomHorizontalFlip: transforms.RandomHorizontalFlip()(picture).size
transforms.RandomCrop: transforms.RandomCrop(8, padding=4)(picture).size
transforms.CenterCrop: transforms.CenterCrop(8)(picture).size
transforms.Lambda: transforms.Lambda(lambda p: p.size)(picture)
transforms.Pad: transforms.Pad(2)(picture).size
transforms.RandomResizedCrop: transforms.RandomResizedCrop(8)(picture).size
transforms.RandomRotation: transforms.RandomRotation(15)(picture).size
vutils.save_image: vutils.save_image(x, tmp / "x.png", nrow=2, normalize=True)
vutils.make_grid: vutils.make_grid(x, nrow=1, normalize=True).shape
datasets.MNIST: fails(lambda: datasets.MNIST(root=str(tmp), train=True, transform=None, download=False))
datasets.mnist.MNIST: datasets.mnist.MNIST is datasets.MNIST
datasets.CIFAR10: fails(lambda: datasets.CIFAR10(root=str(tmp), train=True, transform=None, download=False))
datasets.CIFAR100: fails(lambda: datasets.CIFAR100(root=str(tmp)))
datasets.ImageFolder: fails(lambda: datasets.ImageFolder(root=str(tmp / "nothing"), transform=None))
datasets.FakeData: datasets.FakeData(3, image_size=(3, 8, 8), transform=transforms.ToTensor())[0][0].shape
models.alexnet: list(models.alexnet(pretrained=False).state_dict())[:2]
models.vgg19: callable(models.vgg19)
models.resnet18: models.resnet18(weights=None).fc.out_features
models.vgg16: callable(models.vgg16)
models.resnet152: callable(models.resnet152)
models.__dict__: sorted(n for n in models.__dict__ if n in ("resnet18", "alexnet"))
models.VGG16_Weights.IMAGENET1K_V1: models.VGG16_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
"""


def _table(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.strip().splitlines())


USES, VISION = _table(_TEXT), _table(_VISION)


def evaluate(expression: str, torch: Any, vision: Any = None) -> Any:
    """The expression's value, from the same beginning each time."""
    import importlib
    import warnings
    from collections import OrderedDict

    import numpy

    def module(name: str) -> Any:
        return importlib.import_module(f"{torch.__name__}.{name}")

    nn, F, optim, data = module("nn"), module("nn.functional"), module("optim"), module("utils.data")
    torch.manual_seed(0)
    tmp = Path(tempfile.mkdtemp())
    x, v, m = torch.randn(2, 3, 4, 4), torch.randn(5), torch.randn(3, 4)
    w = torch.ones(3, requires_grad=True)

    class Net(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.c = nn.Conv2d(3, 2, 3)

        def forward(self, given: Any) -> Any:
            return self.c(given)

    class Twice(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, given: Any) -> Any:
            return given * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    class Numbers(data.Dataset):  # type: ignore[misc, name-defined]
        def __len__(self) -> int:
            return 5

        def __getitem__(self, at: int) -> Any:
            return torch.tensor([at, at * 2.0]), at

    def fails(act: Any) -> str:
        try:
            act()
        except (AssertionError, RuntimeError, TypeError, AttributeError, FileNotFoundError) as error:
            return next(k.__name__ for k in type(error).__mro__ if k.__module__ == "builtins")
        return "nothing"

    def stepped() -> Any:
        net = Net()
        made = optim.SGD(net.parameters(), lr=0.1)
        net(x).sum().backward()
        made.step()
        return made

    def trained(make: Any) -> Any:
        net = Net()
        optimizer = make(net.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            (net(x) ** 2).sum().backward()
            optimizer.step()
        return net.state_dict()

    def scheduled(make: Any) -> list[float]:
        optimizer = stepped()
        scheduler, rates = make(optimizer), []
        for _ in range(5):
            optimizer.step()
            scheduler.step()
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    names: dict[str, Any] = {
        "torch": torch,
        "nn": nn,
        "F": F,
        "optim": optim,
        "data": data,
        "Variable": torch.autograd.Variable,
        "OrderedDict": OrderedDict,
        "numpy": numpy,
        "tmp": tmp,
        "x": x,
        "v": v,
        "m": m,
        "w": w,
        "i": torch.tensor([2, 0, 1]),
        "k": torch.tensor([3, 0, 1]),
        "seen": [],
        "Net": Net,
        "Twice": Twice,
        "Numbers": Numbers,
        "fails": fails,
        "stepped": stepped,
        "trained": trained,
        "scheduled": scheduled,
        "module": module,
        "put": lambda name: torch.save({"v": v}, tmp / name),
    }
    if vision is not None:
        from PIL import Image

        names.update(transforms=vision.transforms, vutils=vision.utils, datasets=vision.datasets, models=vision.models)
        names["picture"] = Image.fromarray(numpy.arange(300, dtype=numpy.uint8).reshape(10, 10, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(f"({expression})", names)
