"""Jobs: one measurement at a time, each in a process of its own, with nothing left behind however it ends."""

from strategies.jobs.job import JobError, JobState, JobStatus, Progress
from strategies.jobs.queue import JobQueue, shared_queue

__all__ = ["JobError", "JobQueue", "JobState", "JobStatus", "Progress", "shared_queue"]
