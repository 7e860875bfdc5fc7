package tally.bench.peers.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.Fold;

/** Folds an event's records of all topics into its state. */
final class EventFunction extends KeyedProcessFunction<String, Input, Void> {
  private static final long serialVersionUID = 1;

  private transient States states;

  @Override
  public void open(OpenContext context) {
    states = new States(getRuntimeContext());
  }

  @Override
  public void processElement(Input input, Context context, Collector<Void> out)
      throws Exception {
    Fold.apply(input, context.timestamp(), states);
    Gate.countFolded();
  }
}
