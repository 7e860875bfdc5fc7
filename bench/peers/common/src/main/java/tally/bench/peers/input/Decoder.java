package tally.bench.peers.input;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the JSON of the three topics with Jackson's streaming parser. Unknown fields are ignored,
 * null is absent. The workloads have no bad input: what cannot be read is an error. Not
 * thread-safe: one for each thread.
 */
public final class Decoder {
  private static final int KNOWN_CHANNELS_MAX = 4096;
  private static final JsonFactory JSON = new JsonFactory();

  private final Map<String, String> normalised = new HashMap<>();

  public Input.Created created(byte[] value) throws IOException {
    String eventId = null;
    String userId = null;
    String storeId = null;
    String title = "";
    String status = "ACTIVE";
    long start = Input.NO_TIME;
    long end = Input.NO_TIME;
    long createdAt = Input.NO_TIME;
    long totalInvestment = 0;
    long expectedRevenue = 0;
    long targetRoi = 0;
    try (JsonParser json = open(value)) {
      for (String name; (name = nextPresent(json)) != null;) {
        switch (name) {
          case "eventId" -> eventId = text(json);
          case "userId" -> userId = text(json);
          case "storeId" -> storeId = text(json);
          case "eventTitle" -> title = text(json);
          case "status" -> status = text(json);
          case "startDate" -> start = Times.parse(text(json));
          case "endDate" -> end = Times.parse(text(json));
          case "createdAt" -> createdAt = Times.parse(text(json));
          case "totalInvestment" -> totalInvestment = Money.read(json);
          case "expectedRevenue" -> expectedRevenue = Money.read(json);
          case "targetRoi" -> targetRoi = Money.read(json);
          default -> json.skipChildren();
        }
      }
    }
    return new Input.Created(required(eventId, "eventId"),
        required(userId == null || userId.isEmpty() ? storeId : userId, "userId"), title, status,
        start, end, createdAt, totalInvestment, expectedRevenue, targetRoi);
  }

  public Input.Registered registered(byte[] value) throws IOException {
    String eventId = null;
    String participantId = null;
    String channel = Input.DEFAULT_CHANNEL;
    long registeredAt = Input.NO_TIME;
    long purchaseAmount = 0;
    try (JsonParser json = open(value)) {
      for (String name; (name = nextPresent(json)) != null;) {
        switch (name) {
          case "eventId" -> eventId = text(json);
          case "participantId" -> participantId = text(json);
          case "channel" -> channel = channel(json);
          case "registeredAt" -> registeredAt = Times.parse(text(json));
          case "purchaseAmount" -> purchaseAmount = Money.read(json);
          default -> json.skipChildren();
        }
      }
    }
    return new Input.Registered(required(eventId, "eventId"),
        required(participantId, "participantId"), channel, registeredAt, purchaseAmount);
  }

  public Input.Distributed distributed(byte[] value) throws IOException {
    String eventId = null;
    long completedAt = Input.NO_TIME;
    List<Input.Element> elements = new ArrayList<>();
    ElementFields inline = new ElementFields();
    try (JsonParser json = open(value)) {
      for (String name; (name = nextPresent(json)) != null;) {
        switch (name) {
          case "eventId" -> eventId = text(json);
          case "completedAt" -> completedAt = Times.parse(text(json));
          case "distributedChannels" -> readElements(json, elements);
          default -> inline.read(name, json);
        }
      }
    }
    if (elements.isEmpty()) elements.add(inline.toElement());
    return new Input.Distributed(required(eventId, "eventId"), completedAt, elements);
  }

  private void readElements(JsonParser json, List<Input.Element> elements) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) throw new IOException("not an array");
    while (json.nextToken() == JsonToken.START_OBJECT) {
      ElementFields fields = new ElementFields();
      for (String name; (name = nextPresent(json)) != null;) fields.read(name, json);
      elements.add(fields.toElement());
    }
  }

  /** The fields of a channel, inline in the record or in a list. */
  private final class ElementFields {
    private String channel;
    private String channelType = "";
    private String status = Input.SUCCESS;
    private long expectedViews = -1;
    private long distributionCost = 0;
    private String distributionId = "";

    void read(String name, JsonParser json) throws IOException {
      switch (name) {
        case "channel" -> channel = channel(json);
        case "channelType" -> channelType = text(json);
        case "status" -> status = text(json);
        case "expectedViews" -> expectedViews = json.getLongValue();
        case "distributionCost" -> distributionCost = Money.read(json);
        case "distributionId" -> distributionId = text(json);
        default -> json.skipChildren();
      }
    }

    Input.Element toElement() throws IOException {
      if (expectedViews < 0) throw new IOException("expectedViews is missing or negative");
      return new Input.Element(required(channel, "channel"), channelType, status, expectedViews,
          distributionCost, distributionId);
    }
  }

  private static JsonParser open(byte[] value) throws IOException {
    JsonParser json = JSON.createParser(value);
    if (json.nextToken() != JsonToken.START_OBJECT) throw new IOException("not a JSON object");
    return json;
  }

  /** The next field that is not null, with the parser at its value; null at the object's end. */
  private static String nextPresent(JsonParser json) throws IOException {
    for (String name; (name = json.nextFieldName()) != null;) {
      if (json.nextToken() != JsonToken.VALUE_NULL) return name;
    }
    return null;
  }

  private static String text(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_STRING) throw new IOException("not a string");
    return json.getText();
  }

  private String channel(JsonParser json) throws IOException {
    String sent = text(json);
    String known = normalised.get(sent);
    if (known != null) return known;
    String name = Normalizer.normalize(sent, Normalizer.Form.NFC);
    if (normalised.size() < KNOWN_CHANNELS_MAX) normalised.put(sent, name);
    return name;
  }

  private static String required(String value, String name) throws IOException {
    if (value == null || value.isEmpty()) throw new IOException(name + " is missing");
    return value;
  }
}
