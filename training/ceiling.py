"""How much does the pair model lose to a full cross-encoder? ``python -m training.ceiling --out DIR --json R.json``.

Trains ``training.cross`` on the training domains and measures it beside the shipped pair model, alone in both cases: no
index, no lexicon, no checks of the text. CPU, seeded, resumable: run it again with the same arguments and it goes on;
once ``DIR/model.safetensors`` is there, it only measures. The learning rate falls with the steps done or the minutes
spent, whichever is further on, so that a run which ends by the clock has come to rest as well.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from training.against import contrast_families, measured, timed
from training.corpus.read import CALIBRATION, HELD_OUT, Family, read_corpus
from training.cross import BEYOND, PAIRS_A_STEP, CrossEncoder, Pair, pretrained_cross, steps_of, tensors

SEED = 20261126
RATES = {"layers": 1e-4, "head": 1e-3}
WARM = 0.06
SAVE_EVERY = 180.0
PACKAGES = ("torch", "numpy", "onnxruntime", "tokenizers", "safetensors")


@dataclass(slots=True)
class Progress:
    """How far a run has come: steps, pairs, seconds of training (earlier runs included), running mean of the loss."""

    step: int = 0
    pairs: int = 0
    seconds: float = 0.0
    loss: float = 0.7


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: the steps, seconds to spend at most (0: no limit), whether in bfloat16, and where to."""

    steps: Sequence[Sequence[Pair]]
    seconds: float
    bfloat16: bool
    out: Path

    def done(self, progress: Progress) -> float:
        """The share of the run that is over, by steps or by the clock."""
        spent = progress.seconds / self.seconds if self.seconds else 0.0
        return max(spent, progress.step / max(1, len(self.steps)))


def rate(done: float) -> float:
    """Share of the highest learning rate: a short rise, then a straight fall to nothing."""
    return min(done / WARM, (1 - done) / (1 - WARM)) if done < 1 else 0.0


def loss_of(model: CrossEncoder, pairs: Sequence[Pair], bfloat16: bool) -> Tensor:  # noqa: FBT001  # as the plan has it
    """Binary cross-entropy with both classes counting the same."""
    # Few different shapes: torch keeps memory for each that it meets.
    ids, asked, labels = tensors(pairs, 8)
    # The plain attention: the fused one goes backward slowly on a CPU.
    with torch.autocast("cpu", torch.bfloat16) if bfloat16 else nullcontext(), sdpa_kernel(SDPBackend.MATH):
        logits = model(ids, asked)
    weights = 1 + labels * (BEYOND - 1)
    return (
        functional.binary_cross_entropy_with_logits(logits, labels, reduction="none") * weights
    ).sum() / weights.sum()


def faster_in_bfloat16(model: CrossEncoder, pairs: Sequence[Pair]) -> bool:
    """Try both, there and back, three times; the best time counts."""
    best: dict[bool, float] = {}
    for bfloat16 in (True, False):
        for _ in range(3):
            started = time.perf_counter()
            loss_of(model, pairs, bfloat16).backward()
            best[bfloat16] = min(best.get(bfloat16, float("inf")), time.perf_counter() - started)
        model.zero_grad(set_to_none=True)
    print(", ".join(f"{n} {len(pairs) / best[b]:.1f} pairs/s" for n, b in (("bfloat16", True), ("float32", False))))
    return best[True] < best[False]


def train(model: CrossEncoder, plan: Plan) -> Progress:
    """Train to the end of the plan; ``last.pt`` every few minutes, ``model.safetensors`` at the end."""
    heads = [p for n, p in model.named_parameters() if n.startswith("head")]
    others = [p for n, p in model.named_parameters() if not n.startswith("head") and p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": others}, {"params": heads}], weight_decay=0.01)
    progress = _resume(model, optimizer, plan.out)
    model.train()
    last = saved = time.monotonic()
    first, before = progress.pairs, progress.seconds
    while (done := plan.done(progress)) < 1:
        pairs = plan.steps[progress.step]
        for group, most in zip(optimizer.param_groups, RATES.values(), strict=True):
            group["lr"] = most * rate(done)
        # Seeded by step: dropout is the same after a resumption.
        torch.manual_seed(SEED + progress.step)
        loss = loss_of(model, pairs, plan.bfloat16)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        now = time.monotonic()
        progress.step, progress.pairs = progress.step + 1, progress.pairs + len(pairs)
        progress.seconds, last = progress.seconds + now - last, now
        progress.loss += 0.02 * (float(loss.detach()) - progress.loss)
        if progress.step % 25 == 0:
            speed = (progress.pairs - first) / (progress.seconds - before)
            print(
                f"step {progress.step}/{len(plan.steps)}  {plan.done(progress):.1%}  loss {progress.loss:.3f}  "
                f"{speed:.1f} pairs/s  {progress.seconds / 60:.1f} min",
                flush=True,
            )
        if now - saved > SAVE_EVERY:
            _save(model, optimizer, progress, plan.out)
            saved = now
    _save(model, optimizer, progress, plan.out)
    _in_one_step(plan.out / "model.safetensors", lambda path: save_file(model.state_dict(), path))
    return progress


def _in_one_step(path: Path, write: Callable[[Path], object]) -> None:
    beside = path.with_name(f"{path.name}.new")
    write(beside)
    beside.replace(path)


def _save(model: CrossEncoder, optimizer: torch.optim.Optimizer, progress: Progress, out: Path) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "progress": asdict(progress)}
    _in_one_step(out / "last.pt", lambda path: torch.save(state, path))


def _resume(model: CrossEncoder, optimizer: torch.optim.Optimizer, out: Path) -> Progress:
    path = out / "last.pt"
    if not path.is_file():
        return Progress()
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    progress = Progress(**state["progress"])
    print(f"going on from step {progress.step}")
    return progress


def trained(options: argparse.Namespace) -> tuple[CrossEncoder, dict[str, object]]:
    """The model, trained now or before, and what there is to say of its training."""
    model, tokenizer = pretrained_cross()
    weights, about = options.out / "model.safetensors", options.out / "model.json"
    if not weights.is_file():
        apart = {*HELD_OUT, *CALIBRATION}
        families = [f for f in read_corpus() if f.domain not in apart]
        steps = steps_of(families, tokenizer, options.passes, SEED)
        if options.pairs:
            steps = steps[: -(-options.pairs // PAIRS_A_STEP)]
        print(f"{len(families)} families, {sum(map(len, steps))} pairs in {len(steps)} steps")
        model.train()
        chosen = {"bfloat16": True, "float32": False}.get(options.precision)
        bfloat16 = faster_in_bfloat16(model, steps[0]) if chosen is None else chosen
        progress = train(model, Plan(steps, options.minutes * 60, bfloat16, options.out))
        facts = {
            "seed": SEED,
            "passes": options.passes,
            "pairs_planned": sum(map(len, steps)),
            "pairs_seen": progress.pairs,
            "steps": progress.step,
            "minutes": round(progress.seconds / 60, 1),
            "minutes_allowed": options.minutes,
            "threads": options.threads,
            "precision": "bfloat16" if bfloat16 else "float32",
            "loss": round(progress.loss, 4),
            "learning_rates": RATES,
        }
        about.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    model.load_state_dict(load_file(weights))
    facts = json.loads(about.read_text(encoding="utf-8"))
    return model.eval(), facts


def main(arguments: Sequence[str]) -> int:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and weights")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--passes", type=int, default=3, help="passes over the covered pairs (default 3)")
    parser.add_argument("--pairs", type=int, default=0, help="stop after so many pairs")
    parser.add_argument("--minutes", type=float, default=0.0, help="train no longer than this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=("auto", "bfloat16", "float32"), default="auto")
    parser.add_argument("--contrast", type=Path, help="measure on this authority-contrast FILE.jsonl too")
    parser.add_argument("--limit", type=int, default=0, help="so many requests of each family only: a trial")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    model, about = trained(options)
    sets = {"held_out": read_corpus(domains=HELD_OUT)}
    if options.contrast:
        sets[options.contrast.stem] = contrast_families(options.contrast)
    if options.limit:
        sets = {n: tuple(_cut(f, options.limit) for f in families) for n, families in sets.items()}
    figures = {
        "training": about,
        "limit": options.limit,
        **{name: measured(model, families) for name, families in sets.items()},
        "milliseconds": timed(model, sets["held_out"]),
        "machine": {
            "processor": _processor(),
            "python": platform.python_version(),
            "versions": {p: importlib.metadata.version(p) for p in PACKAGES},
        },
    }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def _cut(family: Family, most: int) -> Family:
    step = max(1, len(family.requests) // most)
    return replace(family, requests=family.requests[::step][:most])


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
