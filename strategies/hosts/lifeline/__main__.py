"""``python -m strategies.hosts.lifeline MODULE ARGUMENTS…`` runs a module as a program, on a lifeline."""

import runpy
import sys

from strategies.hosts.lifeline import hold

if __name__ == "__main__":
    hold()
    del sys.argv[0]  # the module finds its own name and arguments, as if it had been started alone
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
