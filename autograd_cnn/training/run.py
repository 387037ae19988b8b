"""A training run that can be stopped at any moment and goes on as if it had not been.

The checkpoint holds everything a step depends on: model, optimizer, schedule, the random stream, the position in the epoch,
and the sums behind the numbers shown. It is written atomically before the first step, after every epoch and every half minute,
so whatever kills the process, `--resume` ends with the same weights, bit for bit.
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tqdm import tqdm

from ..config import no_grad
from ..nn import functional as F
from ..nn.module.module import Module
from ..serialization import load_checkpoint, save_checkpoint
from ..tensors import sampling
from ..utils.data import DataLoader
from .augment import shifted
from .data import Data, load_data
from .options import Options
from .team import Alone

CHECKPOINT = "checkpoint"
_EVERY = 30.0  # seconds between checkpoints within an epoch
FIELDS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "lr", "seconds")


class Stopped(Exception):
    """The user asked to stop (Ctrl-C); everything is saved."""


@dataclass
class Position:
    """Where a run stands: the epoch, and what its batches so far added up to."""

    epoch: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class Run:
    """One training run in its folder."""

    def __init__(self, options: Options, out: Path, data: Data | None = None, team: Alone | None = None) -> None:
        self.options = options.check()
        self.out = out
        self.team = team or Alone()
        self.options.check_together(self.team.size)
        self.data = data or load_data(options.data)
        sampling.manual_seed(options.seed)
        self.model = options.build_model()
        self.optimizer = options.build_optimizer(self.model)
        self.scheduler = options.build_scheduler(self.optimizer)
        self.loader: DataLoader[Any] = DataLoader(self.data.train, options.batch_size, shuffle=True, num_workers=options.workers)
        self.position = Position()
        self._stop = False
        self._saved_at = time.monotonic()

    # ------------------------------------------------------------------------------------------ saved and found again
    @property
    def checkpoint(self) -> Path:
        """The file everything is kept in."""
        return self.out / CHECKPOINT

    def save(self) -> None:
        """Write the checkpoint; of several processes, in which it is the same, one does."""
        self._saved_at = time.monotonic()
        if not self.team.leads:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        save_checkpoint(
            self.checkpoint,
            options=self.options.asdict(),
            model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(),
            scheduler=None if self.scheduler is None else self.scheduler.state_dict(),
            loader=self.loader.state_dict(),
            rng=sampling.get_rng_state(),
            position=vars(self.position),
        )

    @classmethod
    def resume(cls, out: Path, team: Alone | None = None) -> Run:
        """The run as its checkpoint has it, on any number of processes.

        Raises:
            FileNotFoundError: without a checkpoint.
            RuntimeError: a damaged one.
        """
        state = (team or Alone()).led(lambda: load_checkpoint(out / CHECKPOINT))
        try:
            run = cls(Options(**state["options"]), out, team=team)
            run.model.load_state_dict(state["model"])
            run.optimizer.load_state_dict(state["optimizer"])
            if run.scheduler is not None:
                run.scheduler.load_state_dict(state["scheduler"])
            run.loader.load_state_dict(state["loader"])
            run.position = Position(**state["position"])
            sampling.set_rng_state(state["rng"])
        except (KeyError, TypeError) as error:
            raise RuntimeError(
                f"{out / CHECKPOINT}: expected a checkpoint of a training run, but {error} does not fit. Was it written by another version? "
                "Start anew in another folder."
            ) from error
        return run

    # ------------------------------------------------------------------------------------------ the work
    def train(self, quiet: bool = False) -> None:
        """Train to the last epoch.

        Raises:
            Stopped, after Ctrl-C, when the batch is finished and everything saved.
        """
        if not self.checkpoint.exists():
            self.save()
        before = self._listen()
        model = self.team.joined(self.model)
        total = self.options.epochs * len(self.loader)
        done = self.position.epoch * len(self.loader) + self._batches_seen()
        try:
            # with a redirected stderr a line every few seconds instead of a moving bar
            often = 0.1 if sys.stderr.isatty() else 10.0
            silent = quiet or not self.team.leads
            with tqdm(total=total, initial=done, disable=silent, unit="batch", dynamic_ncols=True, mininterval=often) as bar:
                while self.position.epoch < self.options.epochs:
                    self._epoch(model, bar)
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)

    def _batches_seen(self) -> int:
        return -(-self.position.seen // self.options.batch_size)

    def _epoch(self, model: Module, bar: Any) -> None:
        p, team = self.position, self.team
        model.train()
        started = time.monotonic() - p.seconds
        stops = 0.0
        for x, y in self.loader:
            x, mine = team.share(shifted(x, self.options.augment)), team.share(y)
            with team.chance(self.options.seed, p.epoch * len(self.loader) + self._batches_seen()):
                out = model(x)
            loss = team.loss(out, mine, len(y))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            # whether to stop is agreed on: a signal reaches one process before another
            added, right, stops = team.sums(loss.item() * len(y) / team.size, int((out.argmax(1) == mine).sum()), self._stop)
            p.loss += added
            p.correct += int(right)
            p.seen += len(y)
            p.seconds = time.monotonic() - started
            bar.update()
            if p.seen % (8 * self.options.batch_size) == 0 or bar.n == bar.total:
                bar.set_postfix_str(
                    f"epoch {p.epoch + 1}/{self.options.epochs}, loss {p.loss / p.seen:.4f}, {self._shown()}",
                    refresh=False,
                )
            # after an epoch's last batch its end saves: resumed in between, the schedule would step before any batch, and warn
            if p.seen < len(self.data.train) and (stops or time.monotonic() - self._saved_at > _EVERY):
                self.save()
                if stops:
                    raise Stopped
        self._finish_epoch()
        if stops:
            raise Stopped

    def _shown(self) -> str:
        p = self.position
        held_out = f", held out {p.history[-1]['test_accuracy']:.2%}" if p.history else ""
        return f"accuracy {p.correct / p.seen:.2%}{held_out}"

    def _finish_epoch(self) -> None:
        p = self.position
        test_loss, test_accuracy = self.evaluate()
        lr = self.optimizer.param_groups[0]["lr"]
        if self.scheduler is not None:
            self.scheduler.step()
        p.history.append(
            {
                "epoch": p.epoch + 1,
                "train_loss": p.loss / max(p.seen, 1),
                "train_accuracy": p.correct / max(p.seen, 1),
                "test_loss": test_loss,
                "test_accuracy": test_accuracy,
                "lr": float(lr),
                "seconds": round(p.seconds, 3),
            }
        )
        self.position = Position(epoch=p.epoch + 1, history=p.history)
        self.save()

    def evaluate(self, batch_size: int = 256) -> tuple[float, float]:
        """(loss, accuracy) on the held-out pictures; draws nothing from the random stream."""
        self.model.eval()
        x, y = self.data.test.tensors
        total, correct = 0.0, 0
        with no_grad():
            for i in range(0, len(y), batch_size):
                wanted = self.team.share(y[i : i + batch_size])
                out = self.model(self.team.share(x[i : i + batch_size]))
                total += F.cross_entropy(out, wanted, reduction="sum").item()
                correct += int((out.argmax(1) == wanted).sum())
        total, right = self.team.sums(total, correct)
        return total / len(y), right / len(y)

    def alone(self) -> Run:
        """What was trained as one process has it, which draws and reports: without what several do to one another."""
        if self.team.size == 1:
            return self
        run = Run(self.options, self.out, self.data)
        run.model.load_state_dict(self.model.state_dict())
        run.position = self.position
        return run

    # ------------------------------------------------------------------------------------------ Ctrl-C
    def _listen(self) -> Any:
        """Let Ctrl-C ask to stop after the batch; a second one stops at once."""

        def ask(number: int, frame: FrameType | None) -> None:
            if self._stop:
                raise KeyboardInterrupt
            self._stop = True
            tqdm.write("Stopping after this batch (Ctrl-C again stops at once) …", file=sys.stderr)

        try:
            return signal.signal(signal.SIGINT, ask)
        except ValueError:  # not in the main thread: Ctrl-C is somebody else's
            return None
