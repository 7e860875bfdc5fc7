package tally.bench.peers.streams;

import java.io.IOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import tally.bench.peers.contract.InputLog;
import tally.bench.peers.input.Decoder;
import tally.bench.peers.input.Input;

/** The three topics' records; which event one holds, its topic says. */
final class InputDeserializer implements Deserializer<Input> {
  private final ThreadLocal<Decoder> decoder = ThreadLocal.withInitial(Decoder::new);

  @Override
  public Input deserialize(String topic, byte[] value) {
    try {
      if (topic.endsWith(InputLog.REGISTERED)) return decoder.get().registered(value);
      if (topic.endsWith(InputLog.DISTRIBUTED)) return decoder.get().distributed(value);
      return decoder.get().created(value);
    } catch (IOException | RuntimeException error) {
      throw new SerializationException("a record of " + topic + " cannot be read", error);
    }
  }
}
