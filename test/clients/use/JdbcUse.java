import java.io.*;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** What pgjdbc is used for; one JSON object on standard output. libpq's variables say where. */
public class JdbcUse {
    static final Map<String, String> did = new LinkedHashMap<>();

    static Connection connect(String... more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("sslmode", "disable");
        for (int at = 0; at < more.length; at += 2) properties.setProperty(more[at], more[at + 1]);
        String where = System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
        return DriverManager.getConnection("jdbc:postgresql://" + where, properties);
    }

    static String rows(ResultSet rows) throws SQLException {
        StringBuilder all = new StringBuilder();
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            for (int column = 1; column <= columns; column++) all.append(rows.getObject(column) instanceof byte[] bytes ? Arrays.toString(bytes) : rows.getString(column)).append('|');
            all.append('\n');
        }
        return all.toString();
    }

    interface Act { Object run() throws Exception; }

    static String failing(Act act) {
        try {
            return String.valueOf(act.run());
        } catch (SQLException error) {
            return error.getSQLState() + " " + error.getMessage();
        } catch (Exception error) {
            return error.toString();
        }
    }

    static String queries(Connection connection) throws SQLException {
        StringBuilder all = new StringBuilder();
        try (PreparedStatement statement = connection.prepareStatement("select * from fid.items where id = ? or name = ? order by id")) {
            for (int turn = 1; turn < 8; turn++) {
                statement.setInt(1, turn);
                statement.setString(2, "item " + (turn + 1));
                try (ResultSet rows = statement.executeQuery()) { all.append(rows(rows)); }
            }
        }
        try (Statement statement = connection.createStatement()) {
            all.append(failing(() -> statement.executeQuery("select 1/0")));
            statement.execute("select 1; select 2");
            all.append(statement.getMoreResults());
            try (ResultSet rows = statement.getResultSet()) { all.append(rows(rows)); }
        }
        return all.toString();
    }

    public static void main(String[] arguments) throws Exception {
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            try (Connection connection = connect("preferQueryMode", mode)) { did.put("preferQueryMode=" + mode, queries(connection)); }
        }
        try (Connection connection = connect("prepareThreshold", "1", "binaryTransfer", "true")) { did.put("prepareThreshold=1", queries(connection)); }
        try (Connection connection = connect()) {
            String version = connection.getMetaData().getDriverVersion();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(7);
                try (ResultSet rows = statement.executeQuery("select id, name from fid.items order by id")) { did.put("fetchSize", rows(rows)); }
            }
            try (PreparedStatement insert = connection.prepareStatement("insert into fid.copied (id, name) values (?, ?)")) {
                for (int number = 0; number < 300; number++) {
                    insert.setInt(1, number);
                    insert.setString(2, "batch");
                    insert.addBatch();
                }
                String first = Arrays.toString(insert.executeBatch());
                connection.commit();
                insert.setInt(1, 1);
                insert.setString(2, "twice");
                insert.addBatch();
                did.put("batches", first + failing(insert::executeBatch));
                connection.rollback();
            }
            CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
            long in = copies.copyIn("copy fid.copied (id, name) from stdin", new StringReader("1000\tone\n1001\ttwo\n"));
            StringWriter out = new StringWriter();
            long sent = copies.copyOut("copy (select id, name from fid.copied where id > 290 order by id) to stdout", out);
            did.put("CopyManager", in + " " + sent + " " + out + failing(() -> copies.copyIn("copy fid.copied (id) from stdin", new StringReader("x\n"))));
            connection.rollback();
            Savepoint savepoint = connection.setSavepoint();
            String failed = failing(() -> connection.createStatement().executeQuery("select nothing"));
            connection.rollback(savepoint);
            did.put("savepoints", failed + rows(connection.createStatement().executeQuery("select count(*) from fid.copied")));
            connection.commit();
            try (CallableStatement call = connection.prepareCall("{ ? = call fid.twice(?) }")) {
                call.registerOutParameter(1, Types.INTEGER);
                call.setInt(2, 21);
                call.execute();
                did.put("CallableStatement", String.valueOf(call.getInt(1)));
            }
            did.put("metadata", rows(connection.getMetaData().getColumns(null, "fid", "%", "%")) + rows(connection.getMetaData().getPrimaryKeys(null, "fid", "items")));
            var large = connection.unwrap(PGConnection.class).getLargeObjectAPI();
            long number = large.createLO();
            try (var object = large.open(number)) {
                object.write("large".repeat(40000).getBytes(StandardCharsets.UTF_8));
                object.seek(100000);
                did.put("large objects", new String(object.read(10), StandardCharsets.UTF_8) + object.size());
            }
            connection.rollback();
            try (Statement statement = connection.createStatement()) {
                statement.execute("listen fid");
                statement.execute("call fid.add(5000)");
                SQLWarning warning = statement.getWarnings();
                statement.execute("notify fid, 'payload'");
                connection.commit();
                var heard = connection.unwrap(PGConnection.class).getNotifications(5000);
                did.put("warnings, notifications", warning.getMessage() + heard[0].getName() + heard[0].getParameter());
            }
            StringBuilder json = new StringBuilder("{\"version\":" + quoted(version) + ",\"did\":{");
            did.forEach((name, value) -> json.append(json.charAt(json.length() - 1) == '{' ? "" : ",").append(quoted(name)).append(':').append(quoted(value)));
            System.out.println(json.append("}}"));
        }
    }

    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) quoted.append(each < ' ' || each == '"' || each == '\\' ? String.format("\\u%04x", (int) each) : each);
        return quoted.append('"').toString();
    }
}
