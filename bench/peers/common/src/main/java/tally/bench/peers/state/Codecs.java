package tally.bench.peers.state;

import java.util.ArrayList;
import java.util.List;
import tally.bench.peers.input.Input;

/** The codecs of the types that cannot change. */
public final class Codecs {
  private static final int CREATED = 0;
  private static final int REGISTERED = 1;
  private static final int DISTRIBUTED = 2;

  private Codecs() {}

  private abstract static class OfImmutable<T> implements Codec<T> {
    @Override
    public final T copy(T value) {
      return value;
    }
  }

  /** The description of an event is its last EventCreated record. */
  public static final Codec<Input.Created> DESCRIPTION = new OfImmutable<>() {
    @Override
    public void write(Input.Created event, WireWriter out) {
      out.text(event.eventId()).text(event.userId()).text(event.title()).text(event.status());
      out.signed(event.start()).signed(event.end()).signed(event.createdAt());
      out.varint(event.totalInvestment()).varint(event.expectedRevenue());
      out.varint(event.targetRoi());
    }

    @Override
    public Input.Created read(WireReader in) {
      return new Input.Created(in.text(), in.text(), in.text(), in.text(), in.signed(),
          in.signed(), in.signed(), in.varint(), in.varint(), in.varint());
    }
  };

  public static final Codec<Contribution> CONTRIBUTION = new OfImmutable<>() {
    @Override
    public void write(Contribution value, WireWriter out) {
      out.text(value.channel()).varint(value.hour()).varint(value.purchaseAmount());
    }

    @Override
    public Contribution read(WireReader in) {
      return new Contribution(in.text(), (int) in.varint(), in.varint());
    }
  };

  public static final Codec<Distribution> DISTRIBUTION = new OfImmutable<>() {
    @Override
    public void write(Distribution value, WireWriter out) {
      out.text(value.channelType()).text(value.status()).signed(value.completedAt());
      out.varint(value.expectedViews()).varint(value.distributionCost());
    }

    @Override
    public Distribution read(WireReader in) {
      return new Distribution(in.text(), in.text(), in.signed(), in.varint(), in.varint());
    }
  };

  public static final Codec<Input> INPUT = new OfImmutable<>() {
    @Override
    public void write(Input input, WireWriter out) {
      if (input instanceof Input.Registered event) {
        out.varint(REGISTERED).text(event.eventId()).text(event.participantId());
        out.text(event.channel()).signed(event.registeredAt()).varint(event.purchaseAmount());
      } else if (input instanceof Input.Created event) {
        DESCRIPTION.write(event, out.varint(CREATED));
      } else if (input instanceof Input.Distributed event) {
        out.varint(DISTRIBUTED).text(event.eventId()).signed(event.completedAt());
        out.varint(event.elements().size());
        for (Input.Element each : event.elements()) {
          out.text(each.channel()).text(each.channelType()).text(each.status());
          out.varint(each.expectedViews()).varint(each.distributionCost());
          out.text(each.distributionId());
        }
      }
    }

    @Override
    public Input read(WireReader in) {
      int kind = (int) in.varint();
      return switch (kind) {
        case REGISTERED -> new Input.Registered(in.text(), in.text(), in.text(), in.signed(),
            in.varint());
        case CREATED -> DESCRIPTION.read(in);
        case DISTRIBUTED -> {
          String eventId = in.text();
          long completedAt = in.signed();
          int count = (int) in.varint();
          List<Input.Element> elements = new ArrayList<>(count);
          for (int i = 0; i < count; ++i) {
            elements.add(new Input.Element(in.text(), in.text(), in.text(), in.varint(),
                in.varint(), in.text()));
          }
          yield new Input.Distributed(eventId, completedAt, elements);
        }
        default -> throw new IllegalStateException("unknown kind of input " + kind);
      };
    }
  };
}
