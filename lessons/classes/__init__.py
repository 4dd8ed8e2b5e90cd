"""Teaching a class: the order of lessons, who is where, and what to take along."""

from lessons.classes.course import Course, read_course
from lessons.classes.roster import Place, roster, roster_csv
from lessons.classes.xapi import statements

__all__ = ["Course", "Place", "read_course", "roster", "roster_csv", "statements"]
