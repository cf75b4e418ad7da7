<?php
// What PHP's PDO and pgsql are used for; one JSON object on standard output. libpq's variables say where.
$did = [];
$failing = function (callable $act) {
    try {
        return $act();
    } catch (PDOException $error) {
        return $error->errorInfo;
    }
};
$pdo = new PDO('pgsql:', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
foreach (['prepared' => false, 'emulated' => true] as $name => $emulated) {
    $pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, $emulated);
    $statement = $pdo->prepare('select id, name, price, made, tags, more from fid.items where id = ? or name = ? order by id');
    $statement->execute([1, 'item 7']);
    $did[$name] = [$statement->fetchAll(PDO::FETCH_NUM), $failing(fn () => $pdo->prepare('select 1/?')->execute([0]))];
}
$pdo->pgsqlCopyFromArray('fid.copied', ["1\tone", "2\ttwo"], "\t", '\\\\N', 'id,name');
$did['COPY'] = [$pdo->pgsqlCopyToArray('fid.copied'), $failing(fn () => $pdo->pgsqlCopyFromArray('fid.copied', ["1\tone"], "\t", '\\\\N', 'id,name'))];
$pdo->beginTransaction();
$large = $pdo->pgsqlLOBCreate();
$stream = $pdo->pgsqlLOBOpen($large, 'w');
fwrite($stream, str_repeat('large', 20000));
$stream = null;
$stream = $pdo->pgsqlLOBOpen($large, 'r');
$did['large objects'] = strlen(stream_get_contents($stream));
$stream = null;
$failed = $failing(fn () => $pdo->query('select nothing'));
$pdo->rollBack();
$did['transactions'] = [$failed, $pdo->inTransaction()];
$native = pg_connect('');
$sent = pg_send_query_params($native, 'select fid.twice($1)', [21]);
$did['pgsql'] = [
    pg_fetch_all(pg_get_result($native)),
    pg_fetch_all(pg_query_params($native, 'select id, name from fid.items where id < $1 order by id', [4])),
    pg_parameter_status($native, 'server_encoding'),
    pg_insert($native, 'fid.copied', ['id' => 5, 'name' => 'five']) !== false,
    pg_copy_to($native, 'fid.copied'),
];
pg_query($native, 'listen fid');
pg_query($native, "notify fid, 'payload'");
$heard = pg_get_notify($native);
$did['notifications'] = [$heard['message'], $heard['payload']];
echo json_encode(['version' => PHP_VERSION, 'did' => array_map('json_encode', $did)]);
