"""What learners did as xAPI statements (IEEE 9274.1.1), which learning record stores read.

Actors are learner codes, with a name only where the learner gave one; nothing else about them is known or told.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data.store.learning import Event
from lessons.texts import LessonText

HOME_PAGE = "https://drydock.invalid/learners"
"""Where codes are unique; the domain is reserved, so nobody is asked for anything."""
_NAMESPACE = uuid.UUID("6f1f5e2e-3a9b-5b0e-9d0c-0d2d7d0c0000")
_VERBS: Mapping[str, tuple[str, str]] = {
    "opened": ("http://adlnet.gov/expapi/verbs/initialized", "initialized"),
    "retrieval": ("http://adlnet.gov/expapi/verbs/answered", "answered"),
    "worked": ("http://adlnet.gov/expapi/verbs/answered", "answered"),
    "predicted": ("http://adlnet.gov/expapi/verbs/responded", "responded"),
    "ran": ("http://adlnet.gov/expapi/verbs/interacted", "interacted"),
    "explained": ("http://adlnet.gov/expapi/verbs/answered", "answered"),
    "transferred": ("http://adlnet.gov/expapi/verbs/answered", "answered"),
    "restarted": ("http://adlnet.gov/expapi/verbs/initialized", "initialized"),
}
_PASSED = ("http://adlnet.gov/expapi/verbs/passed", "passed")
_FAILED = ("http://adlnet.gov/expapi/verbs/failed", "failed")


def statements(events: Iterable[Event], texts: Mapping[str, LessonText], names: Mapping[str, str]) -> str:
    """JSON lines, one statement an event, in order.

    Parameters
    ----------
    texts
        The lessons, for their titles.
    names
        What learners want to be called, by code.
    """
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in _all(events, texts, names))


def _all(
    events: Iterable[Event], texts: Mapping[str, LessonText], names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for event in events:
        verb = (_PASSED if event.data["passed"] else _FAILED) if event.kind == "checked" else _VERBS.get(event.kind)
        if verb is None:
            continue
        actor: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": HOME_PAGE, "name": event.learner}}
        if name := names.get(event.learner):
            actor["name"] = name
        statement = {
            "id": str(uuid.uuid5(_NAMESPACE, event.id)),
            "actor": actor,
            "verb": {"id": verb[0], "display": {"en": verb[1]}},
            "object": _object(event, texts),
            "timestamp": event.at,
        }
        if result := _result(event):
            statement["result"] = result
        yield statement


def _object(event: Event, texts: Mapping[str, LessonText]) -> dict[str, Any]:
    part = "" if event.kind in ("opened", "restarted") else f":{event.kind}"
    title = texts[event.lesson].title if event.lesson in texts else event.lesson
    kind = "lesson" if not part else "question" if event.kind in ("retrieval", "explained", "worked") else "interaction"
    return {
        "objectType": "Activity",
        "id": f"urn:drydock:lesson:{event.lesson}{part}",
        "definition": {"name": {"en": title}, "type": f"http://adlnet.gov/expapi/activities/{kind}"},
    }


def _result(event: Event) -> dict[str, Any]:
    data = event.data
    if event.kind == "checked":
        return {"success": bool(data["passed"]), "response": f"{data['measured']} (required: {data['required']})"}
    if event.kind == "predicted":
        return {"response": f"{data['number']:g}", "extensions": {"urn:drydock:prediction": dict(data)}}
    if event.kind == "ran":
        run = data["record"]
        return {"extensions": {"urn:drydock:run": {key: run[key] for key in ("settings", "seed", "origin")}}}
    if "given" in data:
        return {"success": bool(data["right"]), "response": f"{data['given']:g}"}
    return {"response": data["words"]} if data.get("words") else {}
