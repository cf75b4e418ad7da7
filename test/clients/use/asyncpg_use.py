"""What asyncpg is used for; one JSON object on standard output. libpq's variables say where."""
import asyncio
import io
import json

import asyncpg

did = {}


async def failing(act):
    try:
        return repr(await act)
    except asyncpg.PostgresError as error:
        return f"{error.sqlstate} {error.message}"


async def use():
    connection = await asyncpg.connect(ssl=False)
    rows = await connection.fetch("select * from fid.items where id = any($1::int[]) order by id", [1, 7, 50])
    did["binary"] = repr([tuple(row) for row in rows])
    statement = await connection.prepare("select name from fid.items where id = $1")
    did["prepared"] = repr((await statement.fetchval(2), statement.get_parameters(), statement.get_attributes(), await failing(statement.fetchval(2**40))))
    async with connection.transaction():
        cursor = await connection.cursor("select id from fid.items order by id")
        did["cursors"] = repr((await cursor.fetch(3), await cursor.forward(5), await cursor.fetchrow(), [row["id"] async for row in connection.cursor("select id from fid.rows(5)", prefetch=2)]))
    out = io.BytesIO()
    copied = [await connection.copy_from_query("select id, name from fid.items where id < $1 order by id", 4, output=out)]
    copied.append(await connection.copy_records_to_table("copied", schema_name="fid", columns=["id", "name"], records=[(n, f"r{n}") for n in range(30)]))
    copied.append(await connection.copy_from_table("copied", schema_name="fid", output=out, format="csv"))
    did["COPY"] = repr((copied, out.getvalue()))
    await connection.executemany("insert into fid.copied (id, name) values ($1, $2)", [(n, "m") for n in range(100, 150)])
    did["executemany"] = repr((await connection.fetchval("select count(*) from fid.copied"), await failing(connection.executemany("insert into fid.copied (id) values ($1)", [(500,), (100,)])), await connection.fetchval("select count(*) from fid.copied")))
    heard = asyncio.get_running_loop().create_future()
    notices = []
    connection.add_log_listener(lambda _, message: notices.append(message.message))
    await connection.add_listener("fid", lambda _c, _p, channel, payload: heard.set_result((channel, payload)))
    await connection.execute("call fid.add(300); notify fid, 'payload'")
    did["notices, notifications"] = repr((notices, await heard))
    failed = []
    try:
        async with connection.transaction():
            await connection.execute("insert into fid.copied (id) values (900)")
            try:
                async with connection.transaction():
                    await connection.execute("select 1/0")
            except asyncpg.PostgresError as error:
                failed.append(error.sqlstate)
            failed.append(await connection.fetchval("select count(*) from fid.copied where id = 900"))
            raise KeyError
    except KeyError:
        failed.append(await connection.fetchval("select count(*) from fid.copied where id = 900"))
    did["transactions"] = repr(failed)
    await connection.close()
    async with asyncpg.create_pool(min_size=2, max_size=3, ssl=False) as pool:
        did["a pool"] = repr(await asyncio.gather(*(pool.fetchval("select fid.twice($1)", n) for n in range(9))))


asyncio.run(use())
print(json.dumps({"version": asyncpg.__version__, "did": did}))
