package tally.bench.peers.streams;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.Fold;

/** Folds the records of a shard (the same partition of the three topics) into its stores. */
final class EventProcessor implements Processor<byte[], Input, Void, Void> {
  private final Progress progress;
  private ProcessorContext<Void, Void> context;
  private Stores stores;

  EventProcessor(Progress progress) {
    this.progress = progress;
  }

  @Override
  public void init(ProcessorContext<Void, Void> taskContext) {
    context = taskContext;
    stores = new Stores(taskContext);
  }

  @Override
  public void process(Record<byte[], Input> record) {
    Input input = record.value();
    progress.begin();
    try {
      Fold.apply(input, record.timestamp(), stores.open(input.eventId()));
    } catch (RuntimeException error) {
      throw error;
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
    RecordMetadata position = context.recordMetadata().orElseThrow();
    if (progress.reaches(position.topic(), position.partition(), position.offset())) {
      context.commit();  // nothing more will come: not the next commit interval's end
    }
  }
}
