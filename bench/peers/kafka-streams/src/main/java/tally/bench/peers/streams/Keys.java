package tally.bench.peers.streams;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Bytes;
import tally.bench.peers.state.WireWriter;

/** Keys of rows under an event: its id, a zero byte (which no id holds), the rest. */
final class Keys {
  private final WireWriter out = new WireWriter(128);

  Bytes of(byte[] eventId, String name) {
    start(eventId).raw(name.getBytes(StandardCharsets.UTF_8));
    return Bytes.wrap(out.toByteArray());
  }

  Bytes of(byte[] eventId, String name, String more) {
    start(eventId).raw(name.getBytes(StandardCharsets.UTF_8));
    out.varint(0).raw(more.getBytes(StandardCharsets.UTF_8));
    return Bytes.wrap(out.toByteArray());
  }

  Bytes of(byte[] eventId, int hour) {
    start(eventId).fixed32(hour);
    return Bytes.wrap(out.toByteArray());
  }

  private WireWriter start(byte[] eventId) {
    return out.clear().raw(eventId).varint(0);
  }

  static String eventId(Bytes key) {
    byte[] bytes = key.get();
    return new String(bytes, 0, eventIdLength(bytes), StandardCharsets.UTF_8);
  }

  static String name(Bytes key) {
    byte[] bytes = key.get();
    int from = eventIdLength(bytes) + 1;
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
  }

  static int hour(Bytes key) {
    byte[] bytes = key.get();
    return ByteBuffer.wrap(bytes, eventIdLength(bytes) + 1, Integer.BYTES).getInt();
  }

  private static int eventIdLength(byte[] key) {
    int length = 0;
    while (key[length] != 0) ++length;
    return length;
  }
}
