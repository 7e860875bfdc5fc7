#include "processor/row_text.h"

#include "absl/strings/str_cat.h"
#include "processor/domain/money.h"
#include "processor/domain/quote.h"
#include "processor/domain/record.h"
#include "processor/domain/time.h"
#include "processor/finding.h"

namespace tally {

std::string TimeText(std::optional<domain::Millis> time) {
  if (!time) return "none";
  return *time == domain::kNoTimestamp ? "none" : domain::FormatTime(*time, 0);
}

std::string CountsText(const domain::HourCounts& counts) {
  return absl::StrCat(counts.participants, " participants, ", domain::FormatInteger(counts.views),
                      " views, ", domain::FormatMoney(counts.purchase_amount), " purchased");
}

std::string ContributionText(const domain::Contribution& contribution, std::string_view channel) {
  return absl::StrCat("channel ", domain::Quote(channel), " at ", HourText(contribution.hour),
                      " for ", domain::FormatMoney(contribution.purchase_amount));
}

std::string DistributionText(const domain::Distribution& distribution, std::string_view channel) {
  return absl::StrCat(domain::Quote(distribution.channel_type), " ",
                      domain::Quote(distribution.status), " under channel ", domain::Quote(channel),
                      " at ", TimeText(distribution.completed_at), ", ",
                      distribution.expected_views, " views for ",
                      domain::FormatMoney(distribution.distribution_cost));
}

}  // namespace tally
