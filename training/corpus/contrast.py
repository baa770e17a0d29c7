"""Write domains of the corpus in the contrast format: ``python -m training.corpus.contrast --out FILE.jsonl``.

Each intent's paraphrases are the requests that it covers, its contrasts the requests of its family that it does not,
by kind; ``--domains`` (default: the held-out ones) says which. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.corpus.read import HELD_OUT, HERE, Family, read_corpus


def rows(families: Sequence[Family]) -> Iterator[dict[str, object]]:
    """One document for each intent."""
    unrelated = [line[2:] for line in (HERE / "elsewhere.md").read_text("utf-8").split("\n") if line.startswith("- ")]
    for number, family in enumerate(families):
        for at, intent in enumerate(family.intents):
            yield {
                "id": intent.id,
                "domain": intent.domain,
                "description": intent.description,
                "target_kind": intent.target_kind,
                "actions": intent.actions,
                "exemplars": intent.exemplars,
                "paraphrases": [r.text for r in family.requests if not r.kinds[at]],
                "contrasts": [{"kind": k, "text": r.text} for r in family.requests if (k := r.kinds[at])],
                "unrelated": [unrelated[(number + at + step) % len(unrelated)] for step in (0, 17)],
            }


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.corpus.contrast", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--domains", default=",".join(HELD_OUT), help="comma-separated (default: those held out)")
    options = parser.parse_args(arguments)
    families = read_corpus(domains=options.domains.split(","))
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows(families)]
    options.out.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} intents of {len({f.domain for f in families})} domains")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
