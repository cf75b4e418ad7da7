import type { Runners } from "../catalogue.ts";

/** Clients and servers of databases. */
export const databases: Runners = {
  "has \\!, system or .shell, a pager, or a library that an option names": `
    clickhouse clickhouse-client cqlsh duckdb impala-shell isql litecli mariadb mariadb-admin
    mariadb-binlog mariadb-check mariadb-import mongo mongosh mycli mysql mysqladmin mysqlbinlog
    mysqlcheck mysqld mysqld_safe mysqlimport mysqlsh neo4j-shell pgcli psql redis-cli sqlite
    sqlite3 sqlplus tdbtool tsql usql valkey-cli`,
  "takes a connection string, which names engines, or runs programs of the server's": `
    clusterdb createdb createuser dropdb dropuser initdb pg_basebackup pg_ctl pg_ctlcluster
    pg_receivewal pg_recvlogical pg_upgrade pgbench postgres reindexdb vacuumdb`,
  "has a command of the system's: host, !, :!!, sh, watch": `
    adrci beeline consul db2 dbaccess etcdctl hadoop hdfs hive isql-fb nomad pig pyspark rman
    spark-shell spark-submit sqlcmd`,
};
