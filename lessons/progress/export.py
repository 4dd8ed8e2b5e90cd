"""All that is kept about a learner, for them to take along."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from data.store.learning import Event, Learner
from lessons.progress.course import course_state
from lessons.progress.state import STEPS


def export(learner: Learner, events: Sequence[Event]) -> str:
    """JSON: where the learner stands in each lesson, the evidence of each challenge met, and every event."""
    states = course_state(events)
    lessons = {
        slug: {
            "steps_done": list(at.steps),
            "steps": list(STEPS),
            "predicted": at.predicted.to_dict() if at.predicted else None,
            "runs": at.runs,
            "challenge_met_at": at.passed_at,
            "evidence": at.evidence,
            "words": at.words,
        }
        for slug, at in states.items()
    }
    whole = {
        "format": "drydock-progress",
        "version": 1,
        "learner": asdict(learner),
        "lessons": lessons,
        "events": [asdict(event) | {"data": dict(event.data)} for event in events],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)
