package nightshift;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.Header;
import io.debezium.engine.format.Binary;
import io.debezium.engine.format.Json;
import io.debezium.engine.format.KeyValueHeaderChangeEventFormat;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Runs Debezium's engine with the properties of a file and prints every record that a sink would be
 * given as one line of JSON, until a record for the topic "end" comes.
 *
 * <p>The formats are those of Debezium Server's settings format.key=json, format.value=binary,
 * format.header=json: bytes pass as they are, everything else goes to the delegate converter.
 */
public final class Recorder {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static String text(Object value) {
        if (value == null) {
            return null;
        }
        return value instanceof byte[] bytes ? new String(bytes, UTF_8) : (String) value;
    }

    private static byte[] bytes(Object value) {
        return value instanceof byte[] bytes ? bytes : ((String) value).getBytes(UTF_8);
    }

    private static ObjectNode line(ChangeEvent<?, ?> event) {
        ObjectNode line = MAPPER.createObjectNode();
        line.put("topic", event.destination());
        line.put("key", text(event.key()));
        ObjectNode headers = line.putObject("headers");
        for (Header<?> header : event.headers()) {
            headers.put(header.getKey(), text(header.getValue()));
        }
        line.put("value", event.value() == null ? null : bytes(event.value()));
        return line;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(arguments[0]))) {
            properties.load(reader);
        }
        PrintStream output = new PrintStream(System.out, true, UTF_8);
        CountDownLatch ended = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        DebeziumEngine<?> engine =
                DebeziumEngine.create(KeyValueHeaderChangeEventFormat.of(Json.class, Binary.class, Json.class))
                        .using(properties)
                        .using((success, message, error) -> {
                            if (!success) {
                                failure.set(error != null ? error : new IllegalStateException(message));
                            }
                            ended.countDown();
                        })
                        .notifying((records, committer) -> {
                            for (ChangeEvent<?, ?> record : records) {
                                output.println(line(record));
                                if ("end".equals(record.destination())) {
                                    ended.countDown();
                                }
                            }
                            committer.markBatchFinished();
                        })
                        .build();
        ExecutorService executor = Executors.newSingleThreadExecutor();
        executor.execute(engine);
        ended.await();
        engine.close();
        executor.shutdown();
        if (failure.get() != null) {
            failure.get().printStackTrace();
            System.exit(1);
        }
    }
}
