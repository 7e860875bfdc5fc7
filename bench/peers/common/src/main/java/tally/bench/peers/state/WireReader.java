package tally.bench.peers.state;

import java.nio.charset.StandardCharsets;

/** Reads what a WireWriter wrote. */
public final class WireReader {
  private byte[] bytes;
  private int at;
  private int end;

  public WireReader reset(byte[] from, int size) {
    bytes = from;
    at = 0;
    end = size;
    return this;
  }

  public static WireReader of(byte[] bytes) {
    return new WireReader().reset(bytes, bytes.length);
  }

  public boolean atEnd() {
    return at == end;
  }

  public long varint() {
    long value = 0;
    for (int shift = 0;; shift += 7) {
      byte b = bytes[at++];
      value |= (b & 0x7FL) << shift;
      if (b >= 0) return value;
    }
  }

  public long signed() {
    long value = varint();
    return (value >>> 1) ^ -(value & 1);
  }

  public String text() {
    int length = (int) varint();
    String text = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }
}
