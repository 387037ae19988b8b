# ruff: noqa  # a program as people write them
"""A word model with nn.Transformer's encoder, and a policy that samples from distributions."""

import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, MultivariateNormal, kl_divergence, Normal

torch.manual_seed(5)


class Words(nn.Transformer):
    def __init__(self, words=12, width=8):
        super().__init__(d_model=width, nhead=2, dim_feedforward=16, num_encoder_layers=2, num_decoder_layers=1)
        self.input_emb, self.decoder = nn.Embedding(words, width), nn.Linear(width, words)

    def forward(self, src):
        mask = torch.log(torch.tril(torch.ones(len(src), len(src))))
        x = self.input_emb(src) * math.sqrt(8)
        return F.log_softmax(self.decoder(self.encoder(x, mask=mask)), dim=-1)


model = Words()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
data = torch.randint(12, size=(7, 3))
for step in range(4):
    optimizer.zero_grad()
    loss = F.nll_loss(model(data[:-1]).view(-1, 12), data[1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    optimizer.step()
    print("loss %.5f" % loss.item())
torch.save(model, "/dev/null")

policy, value = nn.Linear(4, 3), nn.Linear(4, 1)
optimizer = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=0.01)
for episode in range(3):
    state = torch.randn(5, 4)
    chosen = Categorical(logits=policy(state))
    action = chosen.sample()
    moved = MultivariateNormal(policy(state), torch.diag(torch.full((3,), 0.25)))
    step = moved.sample()
    advantage = (action.float() - value(state).squeeze(1)).detach()
    loss = -(chosen.log_prob(action) * advantage).mean() - 0.1 * moved.log_prob(step).mean() - 0.01 * chosen.entropy().mean()
    loss = (
        loss
        + kl_divergence(Normal(policy(state), 1.0), Normal(0.0, 2.0)).mean()
        + F.smooth_l1_loss(value(state).squeeze(1), action.float())
    )
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("actions %s loss %.5f" % (action.tolist(), loss.item()))
