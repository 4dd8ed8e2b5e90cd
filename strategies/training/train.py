"""Training, end to end: load, split, fit, evaluate, learning curve."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.catalogue import find_dataset
from data.datasets.contract import Dataset, Target
from data.discovery import kind
from data.schema import Schema
from strategies.training.algorithms.contract import Algorithm
from strategies.training.evaluation import Answers, Evaluation, evaluate_classes, evaluate_values
from strategies.training.learning_curve import LearningCurve, learning_curve
from strategies.training.report import Report
from strategies.training.spec import TrainingSpec
from strategies.training.splits import Rows, Split, split_rows
from strategies.training.targets import check_learnable, find_target, target_values
from strategies.training.threshold import Costs
from strategies.training.watch import CancelCheck, Progress, Watch, never, silent


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A dataset's rows as an algorithm reads them, and how they are parted."""

    dataset: Dataset
    target: Target
    X: NDArray[np.float32]
    """Coded rows (rows, features)."""
    y: NDArray[Any]
    """Class codes or values (rows,)."""
    groups: NDArray[np.generic] | None
    split: Split

    @property
    def schema(self) -> Schema:
        return self.dataset.schema

    @property
    def outputs(self) -> tuple[str, ...]:
        """What a model answers: the classes, or the one value."""
        return self.target.classes if self.target.task != "regression" else (self.target.column,)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted pipeline and everything that was found out about it."""

    spec: TrainingSpec
    prepared: Prepared
    pipeline: Any
    """Fitted scikit-learn pipeline on the coded float32 matrix."""
    report: Report

    @property
    def evaluation(self) -> Evaluation:
        return self.report.evaluation

    @property
    def learning_curve(self) -> LearningCurve | None:
        return self.report.learning_curve

    @property
    def held_out(self) -> NDArray[np.float32]:
        """Coded test rows (rows, features)."""
        return self.prepared.X[self.prepared.split.test]


@dataclass(slots=True)
class _Stages:
    """Times the stages of a training."""

    took_s: dict[str, float] = field(default_factory=dict)
    _began_s: float = field(default_factory=time.perf_counter)

    def ended(self, stage: str) -> None:
        now_s = time.perf_counter()
        self.took_s[stage], self._began_s = round(now_s - self._began_s, 4), now_s


def train(
    spec: TrainingSpec,
    *,
    dataset: Dataset | None = None,
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> Trained:
    """Train and evaluate the model that `spec` names.

    Parameters
    ----------
    dataset
        The rows; None takes the dataset that the spec names.
    progress
        Called with stage and fraction, often enough for a progress bar.
    cancelled
        Asked between stages and, within them, after every few trees, epochs or iterations.

    Raises
    ------
    Cancelled
        `cancelled` said yes.
    InvalidValue
        Target, hyperparameter or rows cannot be used.
    """
    watch, stages = Watch(progress, cancelled), _Stages()
    algorithm = kind("strategies.training.algorithms", Algorithm, spec.algorithm)(spec.parameters)  # type: ignore[type-abstract]
    watch.part("loading", 0.0, 0.05)
    prepared = prepare(spec, dataset or find_dataset(spec.data))
    stages.ended("loading")
    task, learn, fitting = prepared.target.task, prepared.split.train, watch.part("fitting", 0.05, 0.6)
    pipeline = algorithm.fit(prepared.schema, task, prepared.X[learn], prepared.y[learn], spec.seed, fitting)
    notes = tuple(watch.notes)  # the learning curve's smaller fits have notes of their own, which concern nobody
    stages.ended("fitting")
    watch.part("evaluating", 0.6, 0.7)
    evaluation = evaluate(pipeline, prepared, spec)
    stages.ended("evaluating")
    curve = _curve(algorithm, prepared, spec, watch.part("learning curve", 0.7, 1.0)) if spec.learning_curve else None
    stages.ended("learning curve")
    watch.report(1.0)
    split = prepared.split
    report = Report(
        spec=spec.model_dump(),
        parameters=algorithm.parameters.model_dump(),
        evaluation=evaluation,
        learning_curve=curve,
        split=split.rule,
        rows={"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        stage_s=stages.took_s,
        notes=notes,
    )
    return Trained(spec, prepared, pipeline, report)


def prepare(spec: TrainingSpec, dataset: Dataset) -> Prepared:
    """Load, code and split a dataset's rows."""
    target = find_target(dataset, spec.target)
    frame = _at_most(dataset.load(), dataset.group_column, spec.max_rows, spec.seed)
    y = target_values(frame[target.column], target)
    split = split_rows(dataset, frame, y, target.task, (spec.validation_share, spec.test_share), spec.seed)
    check_learnable(y[split.train], target)
    groups = None if dataset.group_column is None else frame[dataset.group_column].to_numpy()
    return Prepared(dataset, target, dataset.schema.encode(frame), y, groups, split)


def evaluate(pipeline: Any, prepared: Prepared, spec: TrainingSpec) -> Evaluation:
    """Evaluate a fitted pipeline on the test rows, with the threshold chosen on the validation rows."""
    target, train_y = prepared.target, prepared.y[prepared.split.train]
    test = _answers(pipeline, prepared, prepared.split.test)
    if target.task == "regression":
        return evaluate_values(train_y, test, target.unit, spec.seed)
    validation = _answers(pipeline, prepared, prepared.split.validation)
    costs = Costs(spec.false_positive_cost, spec.false_negative_cost)
    return evaluate_classes(target.classes, train_y, validation, test, costs, spec.seed)


def _answers(pipeline: Any, prepared: Prepared, rows: Rows) -> Answers:
    from strategies.packaging.parity import reference_answers

    outputs = reference_answers(pipeline, prepared.X[rows], prepared.target.task)
    return Answers(prepared.y[rows], outputs, None if prepared.groups is None else prepared.groups[rows])


def _curve(algorithm: Algorithm, prepared: Prepared, spec: TrainingSpec, watch: Watch) -> LearningCurve:
    task = prepared.target.task
    return learning_curve(
        algorithm, prepared.schema, task, prepared.X, prepared.y, prepared.split, seed=spec.seed, watch=watch
    )


def _at_most(frame: pd.DataFrame, group_column: str | None, most: int | None, seed: int) -> pd.DataFrame:
    """A random sample of at most so many rows, in their own order; groups stay whole."""
    if most is None or len(frame) <= most:
        return frame
    rng = np.random.default_rng(seed)
    if group_column is None:
        return frame.iloc[np.sort(rng.choice(len(frame), most, replace=False))]
    sizes = frame[group_column].value_counts().sort_index().sample(frac=1, random_state=seed)
    kept = sizes.index[sizes.cumsum() <= most]
    return frame[frame[group_column].isin(kept)]
