import java.sql.*;
import java.util.Properties;

/** What pgjdbc sees through the gateway; one name and value a line on standard output. */
public class Jdbc {
    static String env(String name) { return System.getenv(name); }

    static Connection connect(String ca) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", env("USER_NAME"));
        properties.setProperty("password", env("TOKEN"));
        properties.setProperty("sslmode", "verify-full");
        properties.setProperty("sslrootcert", ca);
        // From the first execution on, as a named statement.
        properties.setProperty("prepareThreshold", "1");
        return DriverManager.getConnection("jdbc:postgresql://localhost:" + env("PORT") + "/shop", properties);
    }

    static void say(String name, String value) {
        System.out.println(name + "=" + value.replace('\n', ' '));
    }

    static String first(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    public static void main(String[] arguments) throws Exception {
        try (Connection connection = connect(env("CA")); Statement statement = connection.createStatement()) {
            say("version", connection.getMetaData().getDriverVersion());
            try (Connection other = connect(env("OTHER_CA"))) {
                say("otherCa", "nothing");
            } catch (SQLException error) {
                say("otherCa", error.getMessage() + ": " + error.getCause());
            }
            say("masked", first(statement, "select email from customers where id = 1"));
            String prepared = "";
            try (PreparedStatement p = connection.prepareStatement("select email from customers where id = ?")) {
                for (int turn = 0; turn < 3; turn++) {
                    p.setInt(1, 1);
                    try (ResultSet rows = p.executeQuery()) {
                        rows.next();
                        prepared = rows.getString(1);
                    }
                }
            }
            say("prepared", prepared);
            try {
                statement.execute("drop table customers");
                say("refused", "nothing");
            } catch (SQLException error) {
                say("refused", error.getSQLState());
            }
            say("after", first(statement, "select 6 * 7"));
            statement.setQueryTimeout(1);
            try {
                statement.execute("select 1 from generate_series(1, 1000000000000)");
                say("cancelled", "nothing");
            } catch (SQLException error) {
                say("cancelled", error.getSQLState());
            }
        }
    }
}
