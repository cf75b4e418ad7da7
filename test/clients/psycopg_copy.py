"""Copies by psycopg 3: from standard input into the server, or from the server to standard output."""

import sys

import psycopg

_, where, statement = sys.argv
with psycopg.connect(where) as connection, connection.cursor() as cursor:
    with cursor.copy(statement) as copy:
        if " from stdin" in statement:
            while block := sys.stdin.buffer.read(5):
                copy.write(block)
        else:
            for block in copy:
                sys.stdout.buffer.write(block)
