"""Training in a process of its own: recorded in MLflow when it ends well, gone without a trace when cancelled."""

import warnings
from pathlib import Path

from strategies.jobs.queue import JobQueue
from strategies.packaging.shelf import find_package, packages_folder
from strategies.training.job import run_training
from strategies.training.report import Report
from strategies.training.tracking import EXPERIMENT, tracking_uri


def test_a_training_is_packaged_and_recorded(home: Path) -> None:
    with JobQueue() as queue:
        job = queue.submit(run_training, {"data": "tumour", "parameters": {"trees": 20}}, lane="train")
        states = list(queue.follow(job.id))
    ended = states[-1]
    assert ended.status == "done", ended.error
    assert ended.log == "", "MLflow and its libraries must not chatter"
    assert [s.fraction for s in states] == sorted(s.fraction for s in states)
    assert ended.result is not None
    package = find_package(ended.result["version"])
    report = Report.of(package)
    assert report is not None
    assert report.evaluation.metrics == ended.result["metrics"]
    check_record(home, ended.result["mlflow_run"], package.version, report)


def check_record(home: Path, run_id: str, version: str, report: Report) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=tracking_uri())
        run = client.get_run(run_id)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        curve = client.get_metric_history(run_id, "learning_curve_validation")
        artifacts = {file.path for file in client.list_artifacts(run_id, "package")}
    assert experiment is not None
    assert run.info.experiment_id == experiment.experiment_id
    assert run.info.status == "FINISHED"
    assert run.data.params["random_forest.trees"] == "20"
    assert run.data.params["seed"] == "1"
    assert run.data.metrics["roc_auc"] == report.evaluation.metrics["roc_auc"]
    assert report.learning_curve is not None
    assert [m.value for m in curve] == [p.validation for p in report.learning_curve.points]
    assert run.data.tags["package"] == version
    assert len(run.data.tags["data_hash"]) == 64
    assert run.data.tags["version.scikit-learn"]
    assert {"package/manifest.json", "package/model.onnx", "package/evaluation.json"} <= artifacts
    assert (home / "mlflow.db").is_file()
    assert any((home / "mlruns").rglob("model.onnx"))


def test_a_long_training_ends_soon_after_cancel_and_leaves_nothing(home: Path) -> None:
    spec = {"data": "flight_delay", "algorithm": "random_forest", "parameters": {"trees": 2_000}}
    with JobQueue() as queue:
        job = queue.submit(run_training, spec, lane="train")
        for state in queue.follow(job.id):
            if state.stage == "fitting":
                queue.cancel(job.id)
    ended = queue.state(job.id)
    assert ended.status == "cancelled"
    assert ended.stage == "fitting", "it must not wait for the fit, which takes minutes, to end"
    assert ended.fraction < 0.3
    assert not packages_folder().exists()
    assert not (home / "mlflow.db").exists()
