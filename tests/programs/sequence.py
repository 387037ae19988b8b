# ruff: noqa  # a program as people write them
"""Text: an embedding, an LSTM over packed sequences, convolutions over time."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(5)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True)
        self.convs = nn.ModuleList([nn.Conv1d(6, 4, k) for k in (2, 3)])
        self.norm = nn.LayerNorm(10)
        self.fc = nn.Linear(10 + 8, 3)

    def forward(self, words, lengths):
        x = self.embed(words)
        out, (h, _) = self.lstm(pack_padded_sequence(x, lengths, batch_first=True))
        out, _ = pad_packed_sequence(out, batch_first=True)
        seen = [F.max_pool1d(F.relu(conv(x.transpose(1, 2))), x.size(1) - conv.kernel_size[0] + 1).squeeze(2) for conv in self.convs]
        return self.fc(torch.cat([self.norm(out.mean(1)), *seen], 1)), h


words = torch.randint(1, 20, (4, 7))
lengths = [7, 6, 4, 2]
for i, n in enumerate(lengths):
    words[i, n:] = 0
target = torch.LongTensor([0, 2, 1, 1])
net = Reader()
optimizer = torch.optim.Adam(
    [{"params": net.lstm.parameters(), "lr": 0.02}, {"params": [p for n, p in net.named_parameters() if "lstm" not in n]}], lr=0.01
)
for step in range(5):
    logits, h = net(words, lengths)
    loss = F.nll_loss(F.log_softmax(logits, dim=1), target)
    net.zero_grad()
    loss.backward()
    optimizer.step()
    print("step %d loss %.6f h %.6f grad %.6f" % (step, loss.item(), h.norm().item(), net.embed.weight.grad.norm().item()))
print(torch.topk(logits.softmax(1), 2)[1].tolist(), torch.bernoulli(torch.full((3,), 0.5)).tolist())
