package tally.bench.peers.flink;

import java.io.IOException;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import tally.bench.peers.contract.InputLog;
import tally.bench.peers.input.Decoder;
import tally.bench.peers.input.Input;

/** The three topics' records; which event one holds, its topic says. */
final class InputSchema implements KafkaRecordDeserializationSchema<Input> {
  private static final long serialVersionUID = 1;

  private transient Decoder decoder;

  @Override
  public void open(InitializationContext context) {
    decoder = new Decoder();
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Input> out)
      throws IOException {
    try {
      Gate.await();
      out.collect(decode(record.topic(), record.value()));
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
      throw new IOException("cancelled", cancelled);
    }
  }

  private Input decode(String topic, byte[] value) throws IOException {
    if (topic.endsWith(InputLog.REGISTERED)) return decoder.registered(value);
    if (topic.endsWith(InputLog.DISTRIBUTED)) return decoder.distributed(value);
    return decoder.created(value);
  }

  @Override
  public TypeInformation<Input> getProducedType() {
    return WireType.INPUT;
  }
}
