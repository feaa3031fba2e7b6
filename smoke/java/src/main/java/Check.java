import com.google.api.gax.rpc.ApiException;
import com.google.api.gax.rpc.StatusCode;
import java.util.Objects;

/** One thing to show. */
record Check(String name, Body body) {
  /** Throws what went wrong. */
  interface Body {
    void run() throws Exception;
  }

  static void same(String what, Object got, Object want) {
    if (!Objects.equals(got, want))
      throw new AssertionError("expected " + what + " to be " + want + ", got: " + got);
  }

  /** Runs what must fail with this status. */
  static void refused(StatusCode.Code status, Body body) throws Exception {
    try {
      body.run();
    } catch (Exception error) {
      for (Throwable cause = error; cause != null; cause = cause.getCause())
        if (cause instanceof ApiException refusal) {
          same("the status", refusal.getStatusCode().getCode(), status);
          return;
        }
      throw error;
    }
    throw new AssertionError("expected " + status + ", got no error");
  }
}
