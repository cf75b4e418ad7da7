"""What psycopg 3 does in a session that may only read; one answer a line on standard output."""
import os

import psycopg

connection = psycopg.connect(
    host="127.0.0.1", port=os.environ["PORT"], dbname="shop", user="sam", password=os.environ["TOKEN"]
)
for isolation in (None, psycopg.IsolationLevel.REPEATABLE_READ):
    for _ in range(2):
        connection.isolation_level = isolation
        with connection.cursor(name="some") as cursor:
            print(cursor.execute("select count(*) from orders").fetchone()[0])
        connection.rollback()
    # None would be taken for False.
    connection.read_only = True
