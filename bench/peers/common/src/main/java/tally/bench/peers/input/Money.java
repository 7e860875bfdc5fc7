package tally.bench.peers.input;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;

/** Exact money: a JSON number, or a string that holds one, with at most two decimals. */
final class Money {
  private Money() {}

  /** In hundredths. */
  static long read(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      return Math.multiplyExact(json.getLongValue(), 100L);
    }
    return new BigDecimal(json.getText()).movePointRight(2).longValueExact();
  }
}
