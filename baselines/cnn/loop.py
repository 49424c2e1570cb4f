"""The steps of a training, on one device or many, from any step on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from baselines.cnn.checkpoints import Checkpoint, momentum_of, restore_momentum, write_checkpoint
from baselines.cnn.gathering import gathered, joined
from baselines.cnn.history import write_events, write_log
from baselines.cnn.network import PatchInception
from baselines.cnn.options import TrainingOptions
from baselines.cnn.outputs import BestSpecies, SplitScores, best_species, score_part
from baselines.cnn.patchdata import Batch, PatchBatches, batches
from baselines.cnn.planes import InputPlanes
from baselines.cnn.sampling import BatchShare, Course, parts_of_steps, seed_of
from baselines.cnn.tensorfile import read_tensors, write_tensors
from baselines.cnn.trainingdata import TrainingData
from baselines.cnn.watching import paced
from submissions.errors import UsageError
from submissions.limits import MAX_ROWS
from submissions.progress import Progress

#: Folder of what a training needs to go on, below that of the model, and its files.
UNFINISHED, LAST, BEST = "training", "last.safetensors", "best.safetensors"

# A look at the loss waits for the device, so a GPU is only asked now and then.
_STEPS_BETWEEN_LOOKS = {"cpu": 1, "cuda": 10}


@dataclass(frozen=True)
class Work:
    """What a training is about; the devices are launched, and the model belongs in `place`."""

    fabric: Fabric
    data: TrainingData
    dataset: PatchBatches
    options: TrainingOptions
    place: Path


class TrainingLoop:
    """A training between two steps; its network, on the CPU, is moved to the device."""

    def __init__(self, work: Work, network: PatchInception, course: Course) -> None:
        self.fabric, self.network = work.fabric, network
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self.work, self._course = work, course
        self._share = BatchShare(
            work.fabric.global_rank, work.fabric.world_size, work.options.machine.accumulate
        )
        plan = work.options.plan
        self._sgd = torch.optim.SGD(
            network.parameters(),
            lr=plan.learning_rate,
            momentum=plan.momentum,
            weight_decay=plan.weight_decay,
        )
        network.to(memory_format=torch.channels_last)
        model: Any = nn.Sequential(InputPlanes(work.options.input), network)
        if work.options.machine.compiled:
            model = torch.compile(model)
        self._model: Any
        self._optimizer: Any
        self._model, self._optimizer = self.fabric.setup(model, self._sgd)
        self._recent: list[Tensor] = []
        self._loss_of_epoch = 0.0
        self._saved_at, self._saved_step = time.monotonic(), 0

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go back to where a checkpoint was written."""
        self.network.load_state_dict(checkpoint.network)
        restore_momentum(self.network, self._sgd, checkpoint.momentum)
        self.fabric.strategy.precision.load_state_dict(dict(checkpoint.scaler))
        self.step = self._saved_step = checkpoint.step
        self.history = list(checkpoint.history)
        self._loss_of_epoch = checkpoint.loss_of_epoch

    def run(self, progress: Progress) -> None:
        """Take all steps that are left; UsageError if the loss is no number any more."""
        rows = parts_of_steps(self._course, self._share, self.work.data.parts["train"], start=self.step)
        parts = self._read(rows)
        self._model.train()
        with paced(self._course.n_steps - self.step, "steps", progress) as pace:
            while self.step < self._course.n_steps:
                self._recent.append(self._advance(list(islice(parts, self._share.accumulate))))
                self.step += 1
                if self._course.ends_epoch(self.step - 1):
                    self._end_epoch(progress)
                elif self.step % _STEPS_BETWEEN_LOOKS[self.fabric.device.type] == 0:
                    self._look()
                    self._save_if_due()
                pace.done(1)

    def score(self, part: str) -> SplitScores:
        """Score the network as it is on a part of the occurrences; all processes share them."""
        rows = self.work.data.parts[part]
        best = self._predict(rows[self._share.rank :: self._share.n_processes])
        everything = gathered(self.fabric, best, n_rows=len(rows))
        places = np.searchsorted(rows, everything.rows)
        labels = self.work.data.labels[rows]
        return score_part(BestSpecies(places, everything.outputs, everything.scores), labels)

    def best(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Return the entry of the history that was best in validation, and the weights of then."""
        tensors, notes = read_tensors(self._folder / BEST)
        return notes["entry"], tensors

    @property
    def _folder(self) -> Path:
        return self.work.place / UNFINISHED

    def _read(self, rows: Iterable[Sequence[int]]) -> Iterator[Batch]:
        workers = self.work.options.machine.workers
        return batches(self.work.dataset, rows, workers=workers, pinned=self.fabric.device.type == "cuda")

    def _advance(self, parts: Sequence[Batch]) -> Tensor:
        """Take one step and return its loss."""
        rate = self.work.options.plan.rate_of_epoch(self._course.epoch_of(self.step))
        for group in self._sgd.param_groups:
            group["lr"] = rate
        # What is dropped depends on the step alone, and not on what was drawn before it.
        torch.manual_seed(seed_of(self._course.seed, self.step, self._share.rank))
        losses = [self._learn(part, is_last=part is parts[-1]) for part in parts]
        self._optimizer.step()
        self._optimizer.zero_grad()
        return torch.stack(losses).mean()

    def _learn(self, batch: Batch, *, is_last: bool) -> Tensor:
        labels = torch.from_numpy(self.work.data.labels[batch.rows.numpy()])
        waits = not is_last and self.fabric.world_size > 1
        with self.fabric.no_backward_sync(self._model, enabled=waits):
            outputs = self._model(batch.on(self.fabric.device))
            loss = cross_entropy(outputs.float(), labels.to(self.fabric.device, non_blocking=True))
            self.fabric.backward(loss / self._share.accumulate)
        return loss.detach()

    def _look(self) -> None:
        """Add the losses since the last look to those of the epoch, if they are numbers."""
        mean: Any = self.fabric.all_reduce(torch.stack(self._recent).mean(), reduce_op="mean")
        if not math.isfinite(float(mean)):
            raise self._diverged()
        self._loss_of_epoch += float(mean) * len(self._recent)
        self._recent.clear()

    def _end_epoch(self, progress: Progress) -> None:
        self._look()
        plan, epoch = self.work.options.plan, self._course.epoch_of(self.step - 1) + 1
        entry: dict[str, Any] = {
            "epoch": epoch,
            "step": self.step,
            "loss": self._loss_of_epoch / self._course.steps_per_epoch,
            "learning_rate": plan.rate_of_epoch(epoch - 1),
        }
        self._loss_of_epoch = 0.0
        is_validated = epoch % plan.validate_every == 0 or epoch == plan.epochs
        if is_validated:
            entry |= asdict(self.score("validation"))
            self._keep_if_best(entry)
        self.history.append(entry)
        if self.fabric.is_global_zero:
            write_log(self.work.place / "log.csv", self.history)
            write_events(self.work.place / "tensorboard", [entry])
        progress.say(_in_words(entry, plan.epochs))
        if is_validated:
            self._save()
        else:
            self._save_if_due()

    def _keep_if_best(self, entry: dict[str, Any]) -> None:
        before = [each["top_30"] for each in self.history if "top_30" in each]
        if self.fabric.is_global_zero and entry["top_30"] > max(before, default=-1.0):
            write_tensors(self._folder / BEST, self.network.state_dict(), {"entry": entry})
        self.fabric.barrier()

    def _save_if_due(self) -> None:
        waited = time.monotonic() - self._saved_at
        if self.fabric.broadcast(waited >= 60 * self.work.options.save_minutes):
            self._save()

    def _save(self) -> None:
        self._refuse_broken_weights()
        checkpoint = Checkpoint(
            self.step,
            self.network.state_dict(),
            momentum_of(self.network, self._sgd),
            self.history,
            self._loss_of_epoch,
            self.work.options.deciding(self.work.data.digest),
            self.fabric.strategy.precision.state_dict(),
        )
        if self.fabric.is_global_zero:
            write_checkpoint(self._folder / LAST, checkpoint)
        self.fabric.barrier()
        self._saved_at, self._saved_step = time.monotonic(), self.step

    def _refuse_broken_weights(self) -> None:
        # The loss of a step is that of the weights before it.
        tensors = [tensor for tensor in self.network.state_dict().values() if tensor.is_floating_point()]
        if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors):
            raise self._diverged()

    def _diverged(self) -> UsageError:
        kept = f"The last good checkpoint, of step {self._saved_step}, is kept in {self._folder}."
        return UsageError(
            f"The training diverged: at step {self.step} the loss or the weights are no numbers any more. "
            + (kept if self._saved_step else "There was no checkpoint yet."),
            "Go on with a lower --learning-rate.",
        )

    def _predict(self, rows: NDArray[np.int64]) -> BestSpecies:
        at_once = self._course.batch_size // (self._share.n_processes * self._share.accumulate)
        pieces = [rows[start : start + at_once].tolist() for start in range(0, len(rows), at_once)]
        found = []
        self._model.eval()
        with torch.no_grad():
            for batch in self._read(pieces):
                outputs = self._model(batch.on(self.fabric.device)).float()
                found.append(best_species(outputs, batch.rows.numpy()))
        self._model.train()
        return joined(found) if found else BestSpecies.empty(min(MAX_ROWS, len(self.work.data.species)))


def _in_words(entry: dict[str, Any], epochs: int) -> str:
    text = f"epoch {entry['epoch']} of {epochs}: loss {entry['loss']:.4f}"
    if "top_30" in entry:
        text += f", validation top-30 {entry['top_30']:.4f}, adaptive {entry['adaptive_top_30']:.4f}"
    return text
