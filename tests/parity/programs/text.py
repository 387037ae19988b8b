"""Text: a convolutional classifier, character models with LSTM, GRU and RNN, packed sequences, a decoder with attention."""

import torch

nn, F, optim = torch.nn, torch.nn.functional, torch.optim
torch.manual_seed(61)


class TextCNN(nn.Module):
    def __init__(self, V=30, D=8, C=6, Ks=(2, 3, 4), n=3):
        super().__init__()
        self.embed = nn.Embedding(V, D, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv2d(1, C, (K, D)) for K in Ks])
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(len(Ks) * C, n)

    def forward(self, x):
        x = self.embed(x).unsqueeze(1)
        x = [F.relu(c(x)).squeeze(3) for c in self.convs]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc(self.dropout(torch.cat(x, 1)))


net = TextCNN()
print(net)
X = torch.randint(0, 30, (24, 12))
Y = X[:, 0] % 3
opt = optim.Adagrad(net.parameters(), lr=0.1)
for i in range(6):
    l = F.cross_entropy(net(X), Y)
    opt.zero_grad()
    l.backward()
    opt.step()
    print(i, l.item(), net.embed.weight.grad.norm().item(), net.embed.weight[0].abs().sum().item())


class CharRNN(nn.Module):
    def __init__(self, V, kind="LSTM", H=16, layers=2):
        super().__init__()
        self.e = nn.Embedding(V, 6)
        self.r = getattr(nn, kind)(6, H, layers, batch_first=True, dropout=0.2 if layers > 1 else 0)
        self.o = nn.Linear(H, V)
        self.kind = kind

    def forward(self, x, h=None):
        y, h = self.r(self.e(x), h)
        return self.o(y.reshape(-1, y.size(2))), h


text = "hello world, this is a tiny corpus for a tiny rnn. " * 4
chars = sorted(set(text))
ix = {c: i for i, c in enumerate(chars)}
data = torch.tensor([ix[c] for c in text])
for kind in ("LSTM", "GRU", "RNN"):
    m = CharRNN(len(chars), kind)
    o = optim.Adam(m.parameters(), lr=1e-2)
    h = None
    print(m, [n for n, _ in m.r.named_parameters()][:4])
    for i in range(4):
        s = i * 40
        x = data[s : s + 40].view(4, 10)
        y = data[s + 1 : s + 41]
        if h is not None:
            h = tuple(v.detach() for v in h) if kind == "LSTM" else h.detach()
        out, h = m(x, h)
        l = F.cross_entropy(out, y)
        o.zero_grad()
        l.backward()
        nn.utils.clip_grad_norm_(m.parameters(), 0.5)
        o.step()
        print(kind, i, l.item())
    m.eval()
    inp = data[:1].view(1, 1)
    h = None
    s = ""
    with torch.no_grad():
        for _ in range(20):
            out, h = m(inp, h)
            p = F.softmax(out[-1] / 0.7, 0)
            inp = torch.multinomial(p, 1).view(1, 1)
            s += chars[inp.item()]
    print(repr(s))
bi = nn.LSTM(5, 4, bidirectional=True)
x = torch.randn(7, 3, 5, requires_grad=True)
pk = nn.utils.rnn.pack_padded_sequence(x, [7, 4, 2])
o, (h, c) = bi(pk)
po, L = nn.utils.rnn.pad_packed_sequence(o)
po.pow(2).sum().backward()
print(po.shape, L, h.sum().item(), c.norm().item(), x.grad.norm().item())
print(nn.utils.rnn.pad_sequence([torch.ones(2), torch.ones(4)], batch_first=True, padding_value=-1))
cell = nn.LSTMCell(5, 4)
hx = cx = torch.zeros(3, 4)
for t_ in range(3):
    hx, cx = cell(x[t_], (hx, cx))
print(hx.sum(), cx.sum())
g = nn.GRUCell(5, 4)
hh = g(x[0])
print(hh.norm())


class ScratchRNN(nn.Module):
    def __init__(s, i, h, o):
        super().__init__()
        s.i2h = nn.Linear(i + h, h)
        s.i2o = nn.Linear(i + h, o)
        s.sm = nn.LogSoftmax(dim=1)
        s.h = h

    def forward(s, x, h):
        c = torch.cat((x, h), 1)
        return s.sm(s.i2o(c)), torch.tanh(s.i2h(c))

    def init(s):
        return torch.zeros(1, s.h)


r = ScratchRNN(4, 8, 3)
for k in range(3):
    h = r.init()
    r.zero_grad()
    w = torch.eye(4)[torch.randint(4, (5,))].unsqueeze(1)
    for j in range(5):
        out, h = r(w[j], h)
    l = nn.NLLLoss()(out, torch.tensor([k]))
    l.backward()
    for p in r.parameters():
        p.data.add_(p.grad.data, alpha=-0.1)
    print("scratch", l.item(), out.topk(1)[1].item())
eb = nn.EmbeddingBag(10, 3, mode="mean")
print(eb(torch.tensor([1, 2, 4, 5]), torch.tensor([0, 2])), nn.Embedding.from_pretrained(torch.eye(3))(torch.tensor([2, 0])))


class Enc(nn.Module):
    def __init__(s):
        super().__init__()
        s.e = nn.Embedding(9, 6)
        s.g = nn.GRU(6, 6)

    def forward(s, x, h):
        return s.g(s.e(x).view(1, 1, -1), h)


class AttnDec(nn.Module):
    def __init__(s):
        super().__init__()
        s.e = nn.Embedding(9, 6)
        s.a = nn.Linear(12, 5)
        s.c = nn.Linear(12, 6)
        s.g = nn.GRU(6, 6)
        s.o = nn.Linear(6, 9)
        s.d = nn.Dropout(0.1)

    def forward(s, x, h, enc):
        e = s.d(s.e(x).view(1, 1, -1))
        aw = F.softmax(s.a(torch.cat((e[0], h[0]), 1)), dim=1)
        ap = torch.bmm(aw.unsqueeze(0), enc.unsqueeze(0))
        o = F.relu(s.c(torch.cat((e[0], ap[0]), 1)).unsqueeze(0))
        o, h = s.g(o, h)
        return F.log_softmax(s.o(o[0]), dim=1), h, aw


en, de = Enc(), AttnDec()
oe, od = optim.SGD(en.parameters(), 0.1), optim.SGD(de.parameters(), 0.1)
for _ in range(3):
    oe.zero_grad()
    od.zero_grad()
    h = torch.zeros(1, 1, 6)
    outs = torch.zeros(5, 6)
    src = torch.tensor([3, 5, 2, 1])
    for i in range(4):
        o, h = en(src[i], h)
        outs[i] = o[0, 0]
    l = 0
    x = torch.tensor([[0]])
    for i in range(4):
        o, h, aw = de(x, h, outs)
        l = l + F.nll_loss(o, src[i].view(1))
        _, ti = o.topk(1)
        x = ti.squeeze().detach()
    l.backward()
    oe.step()
    od.step()
    print("s2s", l.item(), aw.data.sum().item())
