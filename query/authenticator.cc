#include "query/authenticator.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace tally::query {
namespace {

constexpr char kErrorUrl[] = "tally.query/bearer-error";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::Status Unauthenticated(std::string_view error, std::string_view detail) {
  absl::Status status = absl::UnauthenticatedError(View(detail));
  if (!error.empty()) status.SetPayload(kErrorUrl, absl::Cord(View(error)));
  return status;
}

std::string ChallengeOf(const absl::Status& status) {
  constexpr char kChallenge[] = "Bearer realm=\"tally\"";
  const auto error = status.GetPayload(kErrorUrl);
  if (!error.has_value()) return kChallenge;
  return absl::StrCat(kChallenge, ", error=\"", std::string(*error), "\", error_description=\"",
                      status.message(), "\"");
}

}  // namespace tally::query
