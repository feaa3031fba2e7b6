import java.util.ArrayList;
import java.util.List;
import java.util.logging.LogManager;

/**
 * Runs Google's Java client against the Pub/Sub server at PUBSUB_EMULATOR_HOST. Prints one TAP line a
 * check and ends with 1 at the first that fails.
 */
public final class Smoke {
  private Smoke() {}

  public static void main(String[] arguments) {
    // The client logs what a check provokes; the check tells it.
    LogManager.getLogManager().reset();
    System.exit(run());
  }

  private static int run() {
    String host = System.getenv("PUBSUB_EMULATOR_HOST");
    if (host == null || host.isEmpty()) {
      System.out.println(
          "Bail out! expected PUBSUB_EMULATOR_HOST to be the server's host:port, got none");
      return 2;
    }
    try (Session session = new Session(host)) {
      List<Check> checks = new ArrayList<>(new Delivery(session).checks());
      checks.addAll(new Administration(session).checks());
      System.out.println("1.." + checks.size());
      for (int number = 1; number <= checks.size(); number++) {
        Check check = checks.get(number - 1);
        try {
          check.body().run();
        } catch (Exception | AssertionError error) {
          System.out.println("not ok " + number + " - " + check.name());
          System.out.println("# " + String.valueOf(error).replace("\n", "\n# "));
          return 1;
        }
        System.out.println("ok " + number + " - " + check.name());
      }
      return 0;
    } catch (Exception error) {
      System.out.println("Bail out! " + error);
      return 2;
    }
  }
}
