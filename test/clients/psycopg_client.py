"""What psycopg 3 sees through the gateway; one JSON object on standard output."""
import json
import os
import threading

import psycopg

where = json.loads(os.environ["WHERE"])


def connect(user, password, ca, **more):
    return psycopg.connect(
        host="localhost", port=where["port"], dbname="shop", user=user, password=password,
        sslmode="verify-full", sslrootcert=ca, autocommit=True, **more,
    )


def failure(act):
    try:
        act()
        return "nothing"
    except psycopg.Error as error:
        return error.sqlstate or str(error)


def first(connection, *query, binary=False):
    return str(connection.execute(*query, binary=binary).fetchone()[0])


connection = connect(where["user"], where["token"], where["ca"])
credential = where["credential"]
seen = {
    "version": psycopg.__version__,
    "otherCa": failure(lambda: connect(where["user"], where["token"], where["otherCa"])),
    "masked": first(connection, "select email from customers where id = 1"),
    "prepared": first(connection, "select email from customers where id = %s", (1,), binary=True),
    "refused": failure(lambda: connection.execute("drop table customers")),
    "after": first(connection, "select 6 * 7"),
    "bound": first(
        connect(credential["user"], credential["password"], where["ca"], channel_binding="require"),
        "select email from customers where id = 1",
    ),
}
over = threading.Event()


def cancel():
    while not over.wait(0.2):
        connection.cancel()


canceller = threading.Thread(target=cancel)
canceller.start()
seen["cancelled"] = failure(lambda: connection.execute("select 1 from generate_series(1, 1000000000000)"))
over.set()
canceller.join()
print(json.dumps(seen))
