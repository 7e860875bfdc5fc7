package tally.bench.peers.streams;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import tally.bench.peers.state.Codec;
import tally.bench.peers.state.WireReader;
import tally.bench.peers.state.WireWriter;

/** The common codecs as serdes. Tasks of all threads share one: it has no state. */
final class CodecSerde {
  private CodecSerde() {}

  static <T> Serde<T> of(Codec<T> codec) {
    return Serdes.serdeFrom(
        (topic, value) -> {
          if (value == null) return null;
          WireWriter out = new WireWriter();
          codec.write(value, out);
          return out.toByteArray();
        },
        (topic, bytes) -> bytes == null ? null : codec.read(WireReader.of(bytes)));
  }
}
