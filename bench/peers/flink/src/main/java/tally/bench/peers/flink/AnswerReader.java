package tally.bench.peers.flink;

import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.state.api.functions.KeyedStateReaderFunction;
import org.apache.flink.util.Collector;
import tally.bench.peers.contract.Answer;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.HourBucket;

/** Reads a checkpoint's events: id and line of the answers file. */
final class AnswerReader extends KeyedStateReaderFunction<String, Tuple2<String, String>> {
  private static final long serialVersionUID = 1;

  private transient ValueState<Input.Created> description;
  private transient MapState<String, ChannelStats> channels;
  private transient MapState<Integer, HourBucket> hours;

  @Override
  public void open(Configuration parameters) {
    description = getRuntimeContext().getState(States.DESCRIPTION);
    channels = getRuntimeContext().getMapState(States.CHANNELS);
    hours = getRuntimeContext().getMapState(States.HOURS);
  }

  @Override
  public void readKey(String eventId, Context context, Collector<Tuple2<String, String>> out)
      throws Exception {
    if (description.value() == null) return;
    Answer answer = new Answer();
    for (var row : channels.entries()) answer.add(row.getKey(), row.getValue());
    for (var row : hours.entries()) answer.add(row.getKey(), row.getValue());
    out.collect(Tuple2.of(eventId, answer.toLine(eventId)));
  }
}
