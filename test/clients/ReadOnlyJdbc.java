import java.sql.*;

/** What pgjdbc does in a session that may only read; one answer a line on standard output. */
public class ReadOnlyJdbc {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PORT") + "/shop";
        try (Connection connection = DriverManager.getConnection(url, "sam", System.getenv("TOKEN"));
                Statement statement = connection.createStatement()) {
            for (boolean readOnly : new boolean[] {true, false}) {
                connection.setReadOnly(readOnly);
                for (boolean autoCommit : new boolean[] {false, true}) {
                    connection.setAutoCommit(autoCommit);
                    try (ResultSet rows = statement.executeQuery("select count(*) from orders")) {
                        rows.next();
                        System.out.println(rows.getInt(1));
                    }
                    if (!autoCommit) connection.commit();
                }
            }
        }
    }
}
