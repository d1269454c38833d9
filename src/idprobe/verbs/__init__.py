"""The verbs of the command line, one module for what belongs together.

Each adds itself to a group; `idprobe.cli` gathers them and turns errors into exit codes.
"""
