// Who asks, and so what an answer may show.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tally::query {

// A shop owner sees its own user-level data and the events that it owns; everything else does not
// exist for it. An operator, and everybody where nobody is asked who they are, sees all.
class Viewer {
 public:
  Viewer() = default;  // sees all
  static Viewer User(std::string user_id) { return Viewer(std::move(user_id)); }

  // nullopt: sees all.
  const std::optional<std::string>& user_id() const { return user_id_; }
  bool SeesAll() const { return !user_id_.has_value(); }
  bool Sees(std::string_view owner) const { return !user_id_.has_value() || *user_id_ == owner; }

 private:
  explicit Viewer(std::string user_id) : user_id_(std::move(user_id)) {}
  std::optional<std::string> user_id_;
};

}  // namespace tally::query
