"""Questions as they stand in a lesson's text.

A choice is a task list, with what is said to whoever chose an option quoted under it; a number is a line that begins
with ``=``:

    Why did it rise?

    - [x] Requests wait for each other.
      > Yes: {p99} of which ...
    - [ ] The server became slower.
      > **Slower server.** Each request took {service} as before ...

    How long does a request wait?

    = 24 ± 1 ms
    > 0.6 of 40 ms.
"""

import re

from lessons.texts.model import ChoiceQuestion, NumberQuestion, Option, Prediction
from lessons.texts.sections import BadText, Section, sections

_OPTION = re.compile(r"^- \[([ x])\] (.+)$")
_ITEM = re.compile(r"^- (.+)$")
_QUOTE = re.compile(r"^\s*> ?(.*)$")
_NUMBER = re.compile(r"^= ([-+\d.,e]+)(?: ± ([\d.,e]+))?(?: (.+))?$")
_ASKED = re.compile(r"^= \?(?: (.+))?$")


def choice(section: Section) -> ChoiceQuestion:
    """The task list in a section, with the Markdown before it as the question."""
    lead: list[str] = []
    options: list[tuple[bool, list[str], list[str]]] = []
    for offset, line in enumerate(section.lines):
        option, quote = _OPTION.match(line), _QUOTE.match(line)
        if option:
            options.append((option[1] == "x", [option[2]], []))
        elif not options:
            lead.append(line)
        elif quote:
            options[-1][2].append(quote[1])
        elif line.strip() and not options[-1][2]:
            options[-1][1].append(line.strip())
        elif line.strip():
            raise BadText(section.line + 1 + offset, line, "must begin with '- [ ]', '- [x]' or '  >' within a choice")
    made = tuple(Option(" ".join(text), right, "\n".join(said).strip()) for right, text, said in options)
    return _checked(ChoiceQuestion("\n".join(lead).strip(), made, section.line))


def _checked(question: ChoiceQuestion) -> ChoiceQuestion:
    if len(question.options) < 2:
        raise BadText(question.line, f"{len(question.options)} options", "are too few: give '- [x]' and '- [ ]' lines")
    if sum(option.right for option in question.options) != 1:
        raise BadText(question.line, "- [x]", "must mark exactly one option as right")
    for option in question.options:
        if not option.feedback:
            raise BadText(question.line, option.text, "needs feedback, on lines that begin with '  >' below it")
    return question


def number(section: Section) -> NumberQuestion:
    """The line with ``=`` in a section, with the Markdown before it as the question."""
    for place, line in enumerate(section.lines):
        found = _NUMBER.match(line)
        if found:
            value, tolerance = (float((found[i] or "0").replace(",", "")) for i in (1, 2))
            said = [quote[1] for after in section.lines[place + 1 :] if (quote := _QUOTE.match(after))]
            if not said:
                raise BadText(section.line + 1 + place, line, "needs an explanation, on lines that begin with '>'")
            lead = "\n".join(section.lines[:place]).strip()
            return NumberQuestion(lead, value, tolerance, found[3] or "", "\n".join(said), section.line)
    raise BadText(section.line, section.title, "needs a line such as '= 24 ± 1 ms'")


def missing_step(section: Section) -> tuple[str, NumberQuestion | ChoiceQuestion]:
    """The worked example before its heading of the third level, and the step that the learner supplies below it."""
    lead, *asked = sections(list(section.lines), 3, section.line + 1)
    if len(asked) != 1:
        raise BadText(section.line, section.title, "needs exactly one '###' heading, over the missing step")
    is_choice = any(_OPTION.match(line) for line in asked[0].lines)
    return lead.text, choice(asked[0]) if is_choice else number(asked[0])


def prediction(section: Section) -> tuple[str, Prediction]:
    """The lead, and the two questions under the headings `Direction` and `Number`."""
    lead, *asked = sections(list(section.lines), 3, section.line + 1)
    by_name = {one.name: one for one in asked}
    if set(by_name) != {"direction", "number"}:
        raise BadText(section.line, section.title, "needs the headings '### Direction' and '### Number', no others")
    direction, wanted = by_name["direction"], by_name["number"]
    options = tuple(item[1] for line in direction.lines if (item := _ITEM.match(line)))
    if len(options) < 2:
        raise BadText(direction.line, f"{len(options)} options", "are too few: give at least two lines with '- '")
    unit = [found[1] or "" for line in wanted.lines if (found := _ASKED.match(line))]
    if len(unit) != 1:
        raise BadText(wanted.line, wanted.title, "needs one line such as '= ? ms' that says the unit")
    asks = ["\n".join(line for line in one.lines if not _ITEM.match(line) and not _ASKED.match(line)).strip()
            for one in (direction, wanted)]  # fmt: skip
    return lead.text, Prediction(asks[0], options, asks[1], unit[0], section.line)


def several(section: Section) -> tuple[ChoiceQuestion, ...]:
    """One choice under each heading of the third level."""
    _lead, *asked = sections(list(section.lines), 3, section.line + 1)
    return tuple(choice(one) for one in asked)
