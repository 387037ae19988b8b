"""A trainer: digits, parameter groups, a schedule by steps, label smoothing, clipping, a checkpoint that resumes bit for bit."""

import os
import tempfile

import torch
from sklearn.datasets import load_digits

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
from_data = torch.utils.data
torch.manual_seed(0)
d = load_digits()
X = torch.tensor(d.data / 16.0, dtype=torch.float32)
y = torch.tensor(d.target)
ds = from_data.TensorDataset(X, y)
train, test = from_data.random_split(ds, [1437, 360], generator=torch.Generator().manual_seed(42))
print(len(train), train.indices[:5])
loader = from_data.DataLoader(train, batch_size=64, shuffle=True, drop_last=True)
tl = from_data.DataLoader(test, batch_size=100)


class MLP(nn.Module):
    def __init__(self, h=64, p=0.2):
        super().__init__()
        self.fc1 = nn.Linear(64, h)
        self.bn = nn.BatchNorm1d(h)
        self.drop = nn.Dropout(p)
        self.fc2 = nn.Linear(h, 10)

    def forward(self, x):
        return self.fc2(self.drop(F.relu(self.bn(self.fc1(x)))))


model = MLP()
print(model)
for m in model.modules():
    if isinstance(m, nn.Linear):
        m.weight.data.normal_(0, 0.05)
        m.bias.data.zero_()
    elif isinstance(m, nn.BatchNorm1d):
        m.weight.data.fill_(1)
        m.bias.data.zero_()
opt = optim.SGD(
    [
        {"params": [p for n, p in model.named_parameters() if "bias" not in n], "weight_decay": 1e-4},
        {"params": [p for n, p in model.named_parameters() if "bias" in n], "lr": 0.2},
    ],
    lr=0.1,
    momentum=0.9,
    nesterov=True,
)
sched = optim.lr_scheduler.OneCycleLR(opt, max_lr=[0.1, 0.2], steps_per_epoch=len(loader), epochs=3)
crit = nn.CrossEntropyLoss(label_smoothing=0.1, weight=torch.linspace(0.5, 1.5, 10))


def evaluate():
    model.eval()
    correct = 0
    loss = 0.0
    with torch.no_grad():
        for xb, yb in tl:
            out = model(xb)
            loss += F.cross_entropy(out, yb, reduction="sum").item()
            correct += (out.argmax(1) == yb).sum().item()
    model.train()
    return loss / len(test), correct / len(test)


path = os.path.join(tempfile.mkdtemp(), "c.pt")
for epoch in range(3):
    run = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = crit(model(xb), yb)
        loss.backward()
        gn = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        run += loss.item() * xb.size(0)
    print(f"epoch {epoch} {run / len(train):.7f} gn {gn:.6f} lr {sched.get_last_lr()}")
    print("test loss: {:.6f} acc {:.2%}".format(*evaluate()))
    if epoch == 1:
        torch.save(
            {"m": model.state_dict(), "o": opt.state_dict(), "s": sched.state_dict(), "rng": torch.get_rng_state(), "epoch": epoch}, path
        )
final = [p.detach().clone() for p in model.parameters()]
ck = torch.load(path)
print(sorted(ck), ck["epoch"], list(ck["m"].keys()))
model.load_state_dict(ck["m"])
opt.load_state_dict(ck["o"])
sched.load_state_dict(ck["s"])
torch.set_rng_state(ck["rng"])
for xb, yb in loader:
    opt.zero_grad()
    loss = crit(model(xb), yb)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
print([bool(torch.equal(a, b)) for a, b in zip(final, model.parameters(), strict=False)])
print(evaluate())
print(model.state_dict()["bn.num_batches_tracked"], model.bn.running_mean[:4])
try:
    model.load_state_dict({"fc1.weight": torch.zeros(3, 3)}, strict=True)
except RuntimeError as e:
    print(str(e).splitlines()[0])
print(model.load_state_dict({k: v for k, v in ck["m"].items() if "fc" in k}, strict=False))
