"""What a job's runs in the store become when the job ends without a word to them."""

from strategies.jobs.job import JobState


def end_runs(state: JobState) -> None:
    """Runs that a cancelled, failed or killed job left open have ended as the job has."""
    if state.started_at is None or state.status not in ("cancelled", "failed"):
        return
    from data.store import RunStore  # the store takes a while to import, and most jobs end well

    told = "it was cancelled" if state.error is None else state.error.message
    reason = told.partition("\n")[0].removesuffix(" Its last lines:")
    RunStore(state.session).end_job(state.id, state.status, reason)
