package tally.bench.peers.input;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** RFC 3339 times. One without a zone is at +09:00, tallyd's default. */
public final class Times {
  public static final int HOUR_MILLIS = 3_600_000;

  private static final int MINUTE_MILLIS = 60_000;
  private static final ZoneOffset DEFAULT_ZONE = ZoneOffset.ofHours(9);
  // "2026-01-01T09:30:00"
  private static final int SECONDS_END = 19;

  private Times() {}

  /** Milliseconds since the epoch. */
  static long parse(String text) {
    int length = text.length();
    if (length < SECONDS_END + 1) return parseAny(text);
    int at = SECONDS_END;
    long millis = 0;
    if (text.charAt(at) == '.') {
      int scale = 100;
      for (++at; at < length && text.charAt(at) >= '0' && text.charAt(at) <= '9'; ++at) {
        millis += (long) scale * digit(text, at);
        scale /= 10;
      }
    }
    long offset;
    if (at + 1 == length && text.charAt(at) == 'Z') {
      offset = 0;
    } else if (at + 6 == length && text.charAt(at + 3) == ':') {
      offset = (long) two(text, at + 1) * HOUR_MILLIS + (long) two(text, at + 4) * MINUTE_MILLIS;
      if (text.charAt(at) == '-') offset = -offset;
    } else {
      return parseAny(text);
    }
    int year = two(text, 0) * 100 + two(text, 2);
    long day = LocalDate.of(year, two(text, 5), two(text, 8)).toEpochDay();
    long inDay = (two(text, 11) * 60L + two(text, 14)) * MINUTE_MILLIS + two(text, 17) * 1000L;
    return day * 24 * HOUR_MILLIS + inDay + millis - offset;
  }

  private static long parseAny(String text) {
    if (text.length() == "2026-01-01".length()) {
      return LocalDate.parse(text).atStartOfDay(DEFAULT_ZONE).toInstant().toEpochMilli();
    }
    try {
      return OffsetDateTime.parse(text).toInstant().toEpochMilli();
    } catch (DateTimeException noZone) {
      return LocalDateTime.parse(text).toInstant(DEFAULT_ZONE).toEpochMilli();
    }
  }

  private static int two(String text, int at) {
    return digit(text, at) * 10 + digit(text, at + 1);
  }

  private static int digit(String text, int at) {
    int digit = text.charAt(at) - '0';
    if (digit < 0 || digit > 9) throw new DateTimeException("not a time: " + text);
    return digit;
  }
}
