"""What psycopg2 is used for; one JSON object on standard output. libpq's variables say where."""
import io
import json

import psycopg2
import psycopg2.extras

did = {}


def failing(act):
    try:
        return repr(act())
    except psycopg2.Error as error:
        return f"{error.pgcode} {error.diag.message_primary}"


connection = psycopg2.connect("")
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("select id, name, price, made, tags, raw::text, more from fid.items where id = any(%s) order by id", ([1, 7, 50],))
did["text"] = repr((cursor.fetchall(), cursor.statusmessage, [column.type_code for column in cursor.description]))
psycopg2.extras.execute_values(cursor, "insert into fid.copied (id, name) values %s", [(n, "v") for n in range(250)])
psycopg2.extras.execute_batch(cursor, "update fid.copied set name = %s where id = %s", [("b", n) for n in range(50)])
cursor.execute("select count(*), count(*) filter (where name = 'b') from fid.copied")
did["execute_values, execute_batch"] = repr(cursor.fetchone())
out = io.StringIO()
cursor.copy_expert("copy (select id, name from fid.items order by id) to stdout csv", out)
cursor.copy_expert("copy fid.copied (id, name) from stdin csv", io.StringIO("1000,a\n1001,b\n"))
bad = failing(lambda: cursor.copy_from(io.StringIO("x\n"), "pg_class"))
did["COPY"] = repr((out.getvalue(), cursor.rowcount, bad))
connection.autocommit = False
with connection.cursor(name="server", scrollable=True) as server:
    server.execute("select id from fid.items order by id")
    did["server-side cursors"] = repr((server.fetchmany(3), server.scroll(-2), server.fetchone()))
large = connection.lobject(0, "wb")
large.write(b"large" * 50_000)
large.seek(5)
number = large.oid
large.close()
again = connection.lobject(number, "rb")
did["large objects"] = repr((len(again.read()), again.seek(-5, 2), again.read()))
again.unlink()
failed = failing(lambda: cursor.execute("select 1/0"))
status = connection.info.transaction_status
connection.rollback()
connection.autocommit = True
cursor.execute("call fid.add(2000)")
cursor.execute("listen fid; notify fid, 'payload'")
connection.poll()
did["transactions, notices"] = repr((failed, status, connection.notices, [(n.channel, n.payload) for n in connection.notifies]))
print(json.dumps({"version": psycopg2.__version__.split()[0], "did": did}))
