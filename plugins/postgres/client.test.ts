import { expect, test } from "bun:test";
import { client } from "./client.ts";

const access = {
  resource: "orders",
  host: "gw.example.com",
  port: 5432,
  dataDir: "",
  user: "pc_1",
  password: "once",
};

test("over TLS the server's name is verified, by the caller's authority or the system's", () => {
  const own = client({ ...access, dataDir: "", tls: true, ca: "/home/a/ca.crt" });
  expect(own.command).toEqual(["psql"]);
  expect(own.environment).toMatchObject({
    ...{ PGHOST: "gw.example.com", PGPORT: "5432", PGDATABASE: "orders", PGUSER: "pc_1", PGPASSWORD: "once" },
    ...{ PGSSLMODE: "verify-full", PGSSLROOTCERT: "/home/a/ca.crt" },
  });
  expect(client({ ...access, tls: true }).environment).toMatchObject({ PGSSLROOTCERT: "system" });
  expect(client({ ...access, tls: false }).environment).toMatchObject({ PGSSLMODE: "disable" });
});

test("no variable of the caller's own is left that would send the password elsewhere", () => {
  const { without = [], environment } = client({ ...access, tls: true });
  expect(without).toEqual(expect.arrayContaining(["PGHOSTADDR", "PGSERVICE", "PGOPTIONS", "PGPASSFILE"]));
  expect(without.filter((name) => name in environment)).toEqual([]);
});
