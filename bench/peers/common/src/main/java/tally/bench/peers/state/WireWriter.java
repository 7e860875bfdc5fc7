package tally.bench.peers.state;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A compact binary encoding into an array that grows: varints, UTF-8 texts with their length. */
public final class WireWriter {
  private byte[] bytes;
  private int size;

  public WireWriter() {
    this(64);
  }

  public WireWriter(int capacity) {
    bytes = new byte[capacity];
  }

  public WireWriter clear() {
    size = 0;
    return this;
  }

  /** Unsigned: small numbers are short. */
  public WireWriter varint(long value) {
    reserve(10);
    while ((value & ~0x7FL) != 0) {
      bytes[size++] = (byte) (value | 0x80);
      value >>>= 7;
    }
    bytes[size++] = (byte) value;
    return this;
  }

  /** Signed: numbers near zero are short. */
  public WireWriter signed(long value) {
    return varint((value << 1) ^ (value >> 63));
  }

  public WireWriter text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    varint(utf8.length);
    return raw(utf8);
  }

  public WireWriter raw(byte[] more) {
    reserve(more.length);
    System.arraycopy(more, 0, bytes, size, more.length);
    size += more.length;
    return this;
  }

  /** Big-endian, so that keys sort by it as long as it is not negative. */
  public WireWriter fixed32(int value) {
    reserve(4);
    bytes[size++] = (byte) (value >>> 24);
    bytes[size++] = (byte) (value >>> 16);
    bytes[size++] = (byte) (value >>> 8);
    bytes[size++] = (byte) value;
    return this;
  }

  /** What was written is its first size() bytes; valid until the next write. */
  public byte[] array() {
    return bytes;
  }

  public int size() {
    return size;
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  private void reserve(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }
}
