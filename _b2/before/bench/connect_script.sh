#!/bin/sh
# A client-connect script as small as one can be: hands out a text that is already made.
exec cat "$1" >"$2"
