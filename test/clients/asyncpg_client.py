"""What asyncpg sees through the gateway; one JSON object on standard output."""
import asyncio
import json
import os
import ssl

import asyncpg

where = json.loads(os.environ["WHERE"])


def connect(ca):
    return asyncpg.connect(
        host="localhost", port=where["port"], database="shop", user=where["user"], password=where["token"],
        ssl=ssl.create_default_context(cafile=ca),
    )


async def failure(act):
    try:
        await act
        return "nothing"
    except asyncpg.PostgresError as error:
        return error.sqlstate
    except Exception as error:
        return str(error)


async def see():
    connection = await connect(where["ca"])
    prepared = await connection.prepare("select email from customers where id = $1")
    slow = connection.execute("select 1 from generate_series(1, 1000000000000)", timeout=1)
    seen = {
        "version": asyncpg.__version__,
        "otherCa": await failure(connect(where["otherCa"])),
        "masked": await connection.fetchval("select email from customers where id = 1"),
        "prepared": await prepared.fetchval(1),
        "refused": await failure(connection.execute("drop table customers")),
        "after": str(await connection.fetchval("select 6 * 7")),
    }
    # It cancels what outlasts its own limit, and goes on when the server has stopped it.
    try:
        await slow
        seen["cancelled"] = "nothing"
    except asyncio.TimeoutError:
        seen["cancelled"] = "57014" if await connection.fetchval("select 6 * 7") == 42 else "wrong"
    await connection.close()
    return seen


print(json.dumps(asyncio.run(see())))
