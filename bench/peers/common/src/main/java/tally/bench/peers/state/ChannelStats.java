package tally.bench.peers.state;

/** One channel of one event. Money is in hundredths. */
public final class ChannelStats {
  public long participants;
  public long purchaseAmount;
  public long impressions;
  public long distributionCost;
  /** Of the latest distribution; empty without one. */
  public String channelType = "";
  public String status = "";

  public static final Codec<ChannelStats> CODEC = new Codec<>() {
    @Override
    public void write(ChannelStats value, WireWriter out) {
      out.varint(value.participants).varint(value.purchaseAmount).varint(value.impressions);
      out.varint(value.distributionCost).text(value.channelType).text(value.status);
    }

    @Override
    public ChannelStats read(WireReader in) {
      ChannelStats value = new ChannelStats();
      value.participants = in.varint();
      value.purchaseAmount = in.varint();
      value.impressions = in.varint();
      value.distributionCost = in.varint();
      value.channelType = in.text();
      value.status = in.text();
      return value;
    }

    @Override
    public ChannelStats copy(ChannelStats from) {
      ChannelStats value = new ChannelStats();
      value.participants = from.participants;
      value.purchaseAmount = from.purchaseAmount;
      value.impressions = from.impressions;
      value.distributionCost = from.distributionCost;
      value.channelType = from.channelType;
      value.status = from.status;
      return value;
    }
  };
}
