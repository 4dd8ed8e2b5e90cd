"""A lesson on paper: one HTML file that holds everything, to print with or without the answers."""

from collections.abc import Iterable
from html import escape

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from lessons.catalogue import FOLDER
from lessons.language import DEFAULT, _, language
from lessons.texts import ChoiceQuestion, LessonText, NumberQuestion, Option
from lessons.texts.parsing import around_diagram

_BLANK = "▁▁▁▁"
_STYLE = """
body { font: 12pt/1.5 system-ui, sans-serif; color: #0a1016; background: #fff; max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.7rem; line-height: 1.2 } h2 { font-size: 1.25rem; margin-top: 2rem; break-after: avoid }
h3 { font-size: 1.05rem; break-after: avoid } figure { margin: 1rem 0 } figure svg { max-width: 100%; height: auto }
ul.options { list-style: none; padding-left: 0 } ul.options li { margin: .4rem 0; break-inside: avoid }
.answer { border-left: 3px solid #0b5cad; padding-left: .8rem; break-inside: avoid }
.line { border-bottom: 1px solid #5a6773; height: 1.8rem } table { border-collapse: collapse } td, th { border: 1px solid #8a96a3; padding: .2rem .5rem; text-align: left }
@media print { body { margin: 0; max-width: none } }
"""  # noqa: E501


def handout(text: LessonText, *, answers: bool) -> str:
    """The whole lesson as one HTML document that asks nothing of the network."""
    parts = [
        f"<h1>{text.number}. {escape(text.title)}</h1>",
        f"<p>{escape(text.goal)}</p>",
        "<p>{}</p>".format(escape(_("{minutes} minutes · {badge}").format(minutes=text.minutes, badge=_(text.badge)))),
        _part(_("Scenario"), text.prose["scenario"]),
        _idea(text),
        _part(_("Worked example"), text.prose["worked-example"]),
        _question(_("The missing step"), text.worked, answers),
        _part(_("Prediction"), text.prose["prediction"]),
        _prediction(text),
        _part(_("Experiment"), text.prose["experiment"]),
        _lines(_("What you measured"), 3),
        *([_part(_("Explanation"), text.prose["explanation"])] if answers else []),
        _question(_("Mechanism"), text.mechanism, answers),
        _part(_("Challenge"), text.prose["challenge"]),
        _lines(_("Measured, required, why"), 3),
        _question(_("Transfer"), text.transfer, answers),
        _part(_("Sources"), text.prose["sources"]),
        *([_part(_("Notes for the instructor"), text.prose["notes"])] if answers else []),
    ]
    title = escape(f"{text.number}. {text.title}")
    return (
        f'<!doctype html>\n<html lang="{escape(language())}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def html(markdown: str) -> str:
    """Markdown as HTML: tables and formulas, and no HTML of the text's own."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    dollarmath_plugin(reader, renderer=_formula)
    return str(reader.render(markdown))


def drawing(text: LessonText) -> str:
    """The lesson's diagram as SVG, in the current language where that has one."""
    own = FOLDER / language() / text.diagram.file
    return (own if own.is_file() else FOLDER / DEFAULT / text.diagram.file).read_text(encoding="utf-8")


def _formula(latex: str, options: dict[str, bool]) -> str:
    return str(convert(latex, display="block" if options.get("display_mode") else "inline"))


def _part(heading: str, markdown: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{html(markdown)}</section>" if markdown else ""


def _idea(text: LessonText) -> str:
    before, after = around_diagram(text.prose["idea"])
    figure = f'<figure role="img" aria-label="{escape(text.diagram.alt)}">{drawing(text)}</figure>'
    return f"<section><h2>{escape(_('Idea'))}</h2>{html(before)}{figure}{html(after)}</section>"


def _prediction(text: LessonText) -> str:
    asked = text.prediction
    options = "".join(f"<li>☐ {_inline(option)}</li>" for option in asked.options)
    number = f"<p>{_BLANK} {escape(asked.unit)}</p>"
    sure = f"<p>{escape(_('How sure are you?'))} {_BLANK} %</p>"
    return f'{html(asked.direction)}<ul class="options">{options}</ul>{html(asked.number)}{number}{sure}'


def _question(heading: str, question: ChoiceQuestion | NumberQuestion, answers: bool) -> str:
    asked = f"<h3>{escape(heading)}</h3>{html(question.text)}"
    if isinstance(question, NumberQuestion):
        if not answers:
            return f"{asked}<p>{_BLANK} {escape(question.unit)}</p>"
        answer = f"{question.value:g} {question.unit}".strip()
        return f'{asked}<div class="answer"><p><b>{escape(answer)}</b></p>{html(question.feedback)}</div>'
    return f'{asked}<ul class="options">{"".join(_options(question.options, answers))}</ul>'


def _options(options: Iterable[Option], answers: bool) -> Iterable[str]:
    for option in options:
        mark = "☒" if answers and option.right else "☐"
        said = f'<div class="answer">{html(_blanked(option.feedback))}</div>' if answers else ""
        yield f"<li>{mark} {_inline(option.text)}{said}</li>"


def _lines(heading: str, count: int) -> str:
    return f"<h3>{escape(heading)}</h3>" + '<div class="line"></div>' * count


def _inline(markdown: str) -> str:
    return html(markdown).strip().removeprefix("<p>").removesuffix("</p>")


class _Blanks(dict[str, str]):
    """On paper there is no run to cite."""

    def __missing__(self, _name: str) -> "_Blank":
        return _Blank()


class _Blank:
    def __format__(self, _wanted: str) -> str:
        return _BLANK


def _blanked(feedback: str) -> str:
    return feedback.format_map(_Blanks())
