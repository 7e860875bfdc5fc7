package tally.bench.peers.state;

import java.util.ArrayList;
import java.util.List;

/** One hour of an event's timeline, by channel. An hour has few channels: they are searched. */
public final class HourBucket {
  private static final class Cell {
    final String channel;
    long participants;
    long views;
    long purchaseAmount;

    Cell(String channel) {
      this.channel = channel;
    }
  }

  private final List<Cell> cells = new ArrayList<>(4);

  public void addParticipant(String channel, long purchaseAmount) {
    Cell cell = cell(channel);
    ++cell.participants;
    cell.purchaseAmount = Math.addExact(cell.purchaseAmount, purchaseAmount);
  }

  /** Negative to take views away. */
  public void addViews(String channel, long views) {
    Cell cell = cell(channel);
    cell.views = Math.addExact(cell.views, views);
  }

  public long participants() {
    return cells.stream().mapToLong(cell -> cell.participants).sum();
  }

  public long views() {
    return cells.stream().mapToLong(cell -> cell.views).sum();
  }

  public long purchaseAmount() {
    return cells.stream().mapToLong(cell -> cell.purchaseAmount).sum();
  }

  public boolean isZero() {
    return cells.stream().allMatch(
        cell -> cell.participants == 0 && cell.views == 0 && cell.purchaseAmount == 0);
  }

  private Cell cell(String channel) {
    for (int i = 0; i < cells.size(); ++i) {
      if (cells.get(i).channel.equals(channel)) return cells.get(i);
    }
    Cell added = new Cell(channel);
    cells.add(added);
    return added;
  }

  public static final Codec<HourBucket> CODEC = new Codec<>() {
    @Override
    public void write(HourBucket value, WireWriter out) {
      for (Cell cell : value.cells) {
        out.text(cell.channel).varint(cell.participants).varint(cell.views);
        out.varint(cell.purchaseAmount);
      }
    }

    @Override
    public HourBucket read(WireReader in) {
      HourBucket value = new HourBucket();
      while (!in.atEnd()) {
        Cell cell = new Cell(in.text());
        cell.participants = in.varint();
        cell.views = in.varint();
        cell.purchaseAmount = in.varint();
        value.cells.add(cell);
      }
      return value;
    }

    @Override
    public HourBucket copy(HourBucket from) {
      HourBucket value = new HourBucket();
      for (Cell cell : from.cells) {
        Cell copied = new Cell(cell.channel);
        copied.participants = cell.participants;
        copied.views = cell.views;
        copied.purchaseAmount = cell.purchaseAmount;
        value.cells.add(copied);
      }
      return value;
    }
  };
}
