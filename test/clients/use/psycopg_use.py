"""What psycopg 3 is used for; one JSON object on standard output. libpq's variables say where."""
import asyncio
import json

import psycopg

did = {}


def failing(act):
    try:
        return repr(act())
    except psycopg.Error as error:
        return f"{error.sqlstate} {error.diag.message_primary} {error.diag.message_detail}"


with psycopg.connect(autocommit=True) as connection:
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        cursor.execute("select * from fid.items where id = any(%s) order by id", ([1, 7, 50],))
        did["binary" if binary else "text"] = repr((cursor.fetchall(), cursor.statusmessage, [c.type_code for c in cursor.description]))
    with connection.pipeline() as pipeline:
        a = connection.execute("select %s::int + 1", (1,))
        b = connection.execute("select name from fid.items where id = %s", (3,))
        pipeline.sync()
        c = failing(lambda: connection.execute("select 1/%s::int", (0,)).fetchone())
    did["pipeline"] = repr((a.fetchone(), b.fetchone(), c, connection.execute("select 4").fetchone()))
    with connection.transaction():
        with connection.cursor(name="server") as cursor:
            cursor.execute("select id, name from fid.items order by id")
            cursor.itersize = 7
            did["server-side cursors"] = repr((cursor.fetchmany(3), cursor.fetchone(), sum(row[0] for row in cursor)))
    with connection.cursor() as cursor:
        with cursor.copy("copy fid.copied (id, name, price) from stdin") as copy:
            for number in range(20):
                copy.write_row((number, f"copied {number}\t\\", None))
        with cursor.copy("copy fid.items (id, name, price) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text", "numeric"])
            rows = list(copy.rows())
        bad = failing(lambda: cursor.execute("copy fid.copied (id) from program 'false'"))
        cursor.execute("select count(*), max(name) from fid.copied")
        did["COPY"] = repr((rows, bad, cursor.fetchone()))
    cursor = connection.cursor()
    cursor.executemany("insert into fid.copied (id, name) values (%s, %s) returning id", [(n, "many") for n in range(100, 110)], returning=True)
    did["executemany"] = repr((cursor.rowcount, failing(lambda: cursor.executemany("insert into fid.copied (id) values (%s)", [(200,), (100,)]))))
    notices = []
    connection.add_notice_handler(lambda diagnostic: notices.append((diagnostic.severity, diagnostic.message_primary)))
    connection.add_notify_handler(lambda notified: notices.append((notified.channel, notified.payload)))
    connection.execute("call fid.add(300)")
    connection.execute("listen fid")
    connection.execute("notify fid, 'payload'")
    did["notices, notifications"] = repr((notices, connection.execute("select 1").fetchone()))
    for _ in range(7):
        prepared = connection.execute("select fid.twice(%s)", (21,), prepare=True).fetchone()
    did["prepared"] = repr(prepared)
    connection.autocommit = False
    failed = failing(lambda: connection.execute("select nothing"))
    state = connection.info.transaction_status.name
    connection.rollback()
    with connection.transaction() as outer:
        connection.execute("insert into fid.copied (id) values (400)")
        failing(lambda: connection.transaction().__enter__().connection.execute("select 1/0"))
        raise psycopg.Rollback(outer)
    did["transactions"] = repr((failed, state, connection.execute("select count(*) from fid.copied where id = 400").fetchone()))


async def later():
    async with await psycopg.AsyncConnection.connect() as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("select id from fid.rows(%s)", (5,))
            return repr([row async for row in cursor])


did["async"] = asyncio.run(later())
print(json.dumps({"version": psycopg.__version__, "did": did}))
