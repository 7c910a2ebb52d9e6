#!/usr/bin/python3
"""The same in Python."""
import sys

with open(sys.argv[1]) as text, open(sys.argv[2], "w") as out:
    out.write(text.read())
