#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "processor/domain/money.h"
#include "query/grpc/convert.h"

namespace tally::query::rpc {
namespace {

using domain::FormatFixed2;
using domain::FormatMoney;

int64_t Count(Int128 value) {
  using Limits = std::numeric_limits<int64_t>;
  return static_cast<int64_t>(std::clamp<Int128>(value, Limits::min(), Limits::max()));
}

// Fields without a value are left out.
template <class Message>
void SetFixed2(const std::optional<Int128>& value, Message* message,
               std::string* (Message::*field)()) {
  if (value.has_value()) *(message->*field)() = FormatFixed2(*value);
}
template <class Message>
void SetText(const std::optional<std::string>& value, Message* message,
             std::string* (Message::*field)()) {
  if (value.has_value()) *(message->*field)() = *value;
}

template <class Message>
void FillSubject(const Subject& subject, Message* message) {
  if (subject.level == Level::kEvent) {
    message->set_event_id(subject.id);
  } else {
    message->set_user_id(subject.id);
  }
}

void Fill(const HourRange& range, const Window& window, v1::Period* message) {
  message->set_start_date(FormatHour(range.begin, window.zone));
  message->set_end_date(FormatHour(range.end, window.zone));
  message->set_timezone(window.timezone);
}

template <class Message>
void FillPeriod(const Window& window, Message* message) {
  if (window.limited) Fill(window.current, window, message->mutable_period());
}

template <class Message>
void FillLastUpdatedAt(const Frame& frame, Message* message) {
  if (frame.last_updated_at.has_value()) {
    message->set_last_updated_at(FormatTime(*frame.last_updated_at, frame.window.zone));
  }
}

void Fill(const Summary& summary, v1::Summary* message) {
  message->set_participants(Count(summary.participants));
  message->set_participants_delta(Count(summary.participants_delta));
  message->set_total_views(Count(summary.total_views));
  message->set_engagement_rate(FormatFixed2(summary.engagement_rate));
  message->set_purchase_amount(FormatMoney(summary.purchase_amount));
  message->set_target_roi(FormatFixed2(summary.target_roi));
}

void Fill(const ChannelPerformance& row, v1::ChannelPerformance* message) {
  message->set_channel(row.channel);
  SetText(row.channel_type, message, &v1::ChannelPerformance::mutable_channel_type);
  SetText(row.status, message, &v1::ChannelPerformance::mutable_status);
  message->set_impressions(Count(row.impressions));
  message->set_participants(Count(row.participants));
  message->set_conversion_rate(FormatFixed2(row.conversion_rate));
  message->set_purchase_amount(FormatMoney(row.purchase_amount));
  message->set_distribution_cost(FormatMoney(row.distribution_cost));
  SetFixed2(row.cost_per_acquisition, message,
            &v1::ChannelPerformance::mutable_cost_per_acquisition);
}

void Fill(const RoiBlock& roi, v1::Roi* message) {
  message->set_total_cost(FormatMoney(roi.total_cost));
  message->set_expected_revenue(FormatMoney(roi.expected_revenue));
  message->set_net_profit(FormatMoney(roi.net_profit));
  SetFixed2(roi.roi, message, &v1::Roi::mutable_roi);
  message->set_realized_revenue(FormatMoney(roi.realized_revenue));
  SetFixed2(roi.realized_roi, message, &v1::Roi::mutable_realized_roi);
  message->set_target_roi(FormatFixed2(roi.target_roi));
  SetFixed2(roi.roi_achievement, message, &v1::Roi::mutable_roi_achievement);
  SetFixed2(roi.cost_per_acquisition, message, &v1::Roi::mutable_cost_per_acquisition);
}

void Fill(const EventPerformance& item, v1::EventPerformance* message) {
  message->set_event_id(item.event_id);
  message->set_event_title(item.event_title);
  message->set_status(item.status);
  message->set_participants(Count(item.participants));
  message->set_total_views(Count(item.total_views));
  message->set_engagement_rate(FormatFixed2(item.engagement_rate));
  message->set_total_cost(FormatMoney(item.total_cost));
  SetFixed2(item.roi, message, &v1::EventPerformance::mutable_roi);
}

void Fill(const ChannelComparison& comparison, v1::ChannelAnalytics::Comparison* message) {
  auto* best = message->mutable_best();
  SetText(comparison.best_impressions, best, &v1::ChannelAnalytics::Best::mutable_impressions);
  SetText(comparison.best_participants, best, &v1::ChannelAnalytics::Best::mutable_participants);
  SetText(comparison.best_conversion_rate, best,
          &v1::ChannelAnalytics::Best::mutable_conversion_rate);
  SetText(comparison.best_cost_per_acquisition, best,
          &v1::ChannelAnalytics::Best::mutable_cost_per_acquisition);
  auto* average = message->mutable_average();
  SetFixed2(comparison.average_impressions, average,
            &v1::ChannelAnalytics::Average::mutable_impressions);
  SetFixed2(comparison.average_participants, average,
            &v1::ChannelAnalytics::Average::mutable_participants);
  SetFixed2(comparison.average_conversion_rate, average,
            &v1::ChannelAnalytics::Average::mutable_conversion_rate);
  SetFixed2(comparison.average_distribution_cost, average,
            &v1::ChannelAnalytics::Average::mutable_distribution_cost);
}

void FillReturn(const RoiView& view, v1::RoiAnalytics::Return* message) {
  message->set_net_profit(FormatMoney(view.roi.net_profit));
  SetFixed2(view.roi.roi, message, &v1::RoiAnalytics::Return::mutable_roi);
  message->set_realized_net_profit(FormatMoney(view.realized_net_profit));
  SetFixed2(view.roi.realized_roi, message, &v1::RoiAnalytics::Return::mutable_realized_roi);
  message->set_target_roi(FormatFixed2(view.roi.target_roi));
  SetFixed2(view.roi.roi_achievement, message, &v1::RoiAnalytics::Return::mutable_roi_achievement);
}

void Fill(const ChannelRoi& row, v1::RoiAnalytics::Channel* message) {
  message->set_channel(row.channel);
  message->set_distribution_cost(FormatMoney(row.distribution_cost));
  message->set_purchase_amount(FormatMoney(row.purchase_amount));
  SetFixed2(row.cost_per_acquisition, message,
            &v1::RoiAnalytics::Channel::mutable_cost_per_acquisition);
  SetFixed2(row.cost_per_view, message, &v1::RoiAnalytics::Channel::mutable_cost_per_view);
}

void Fill(const Peak& peak, absl::TimeZone zone, v1::TimelineAnalytics::PeakValue* message) {
  message->set_timestamp(FormatHour(peak.begin, zone));
  message->set_value(Count(peak.value));
}

template <class Row, class Messages>
void FillRows(const std::vector<Row>& rows, Messages* messages) {
  messages->Reserve(static_cast<int>(rows.size()));
  for (const Row& row : rows) Fill(row, messages->Add());
}

}  // namespace

void Fill(const EventDashboard& view, v1::EventDashboard* message) {
  message->set_event_id(view.event_id);
  message->set_event_title(view.event_title);
  message->set_user_id(view.user_id);
  message->set_status(view.status);
  FillPeriod(view.frame.window, message);
  FillLastUpdatedAt(view.frame, message);
  Fill(view.summary, message->mutable_summary());
  FillRows(view.channel_performance, message->mutable_channel_performance());
  Fill(view.roi, message->mutable_roi());
  message->set_currency(std::string(kCurrency));
}

void Fill(const UserDashboard& view, v1::UserDashboard* message) {
  message->set_user_id(view.user_id);
  message->set_total_events(view.total_events);
  message->set_active_events(view.active_events);
  FillPeriod(view.frame.window, message);
  FillLastUpdatedAt(view.frame, message);
  Fill(view.summary, message->mutable_summary());
  FillRows(view.channel_performance, message->mutable_channel_performance());
  Fill(view.roi, message->mutable_roi());
  auto* page = message->mutable_event_performances();
  page->set_page(view.page.page);
  page->set_size(view.page.size);
  page->set_total_elements(view.total_events);
  page->set_total_pages(view.total_pages);
  FillRows(view.event_performances, page->mutable_items());
  message->set_currency(std::string(kCurrency));
}

void Fill(const ChannelsView& view, v1::ChannelAnalytics* message) {
  FillSubject(view.subject, message);
  FillPeriod(view.frame.window, message);
  FillLastUpdatedAt(view.frame, message);
  FillRows(view.channels, message->mutable_channels());
  Fill(view.comparison, message->mutable_comparison());
}

void Fill(const RoiView& view, v1::RoiAnalytics* message) {
  FillSubject(view.subject, message);
  FillLastUpdatedAt(view.frame, message);
  auto* cost = message->mutable_cost();
  cost->set_total_investment(FormatMoney(view.total_investment));
  cost->set_distribution_cost(FormatMoney(view.distribution_cost));
  cost->set_total_cost(FormatMoney(view.roi.total_cost));
  auto* revenue = message->mutable_revenue();
  revenue->set_expected_revenue(FormatMoney(view.roi.expected_revenue));
  revenue->set_realized_revenue(FormatMoney(view.roi.realized_revenue));
  FillReturn(view, message->mutable_roi());
  auto* efficiency = message->mutable_efficiency();
  SetFixed2(view.roi.cost_per_acquisition, efficiency,
            &v1::RoiAnalytics::Efficiency::mutable_cost_per_acquisition);
  SetFixed2(view.cost_per_view, efficiency, &v1::RoiAnalytics::Efficiency::mutable_cost_per_view);
  SetFixed2(view.revenue_per_participant, efficiency,
            &v1::RoiAnalytics::Efficiency::mutable_revenue_per_participant);
  FillRows(view.channels, message->mutable_channels());
  message->set_currency(std::string(kCurrency));
}

void Fill(const TimelineView& view, v1::TimelineAnalytics* message) {
  const absl::TimeZone zone = view.frame.window.zone;
  FillSubject(view.subject, message);
  message->set_interval(static_cast<v1::Interval>(static_cast<int>(view.interval) + 1));
  FillLastUpdatedAt(view.frame, message);
  if (view.shown.has_value()) Fill(*view.shown, view.frame.window, message->mutable_period());
  message->set_truncated(view.truncated);
  message->mutable_data_points()->Reserve(static_cast<int>(view.points.size()));
  for (const TimelinePoint& point : view.points) {
    auto* row = message->add_data_points();
    row->set_timestamp(FormatHour(point.begin, zone));
    row->set_participants(Count(point.participants));
    row->set_views(Count(point.views));
    row->set_purchase_amount(FormatMoney(point.purchase_amount));
    row->set_cumulative_participants(Count(point.cumulative_participants));
  }
  auto* peak = message->mutable_peak();
  if (view.peak_participants.has_value()) {
    Fill(*view.peak_participants, zone, peak->mutable_participants());
  }
  if (view.peak_views.has_value()) Fill(*view.peak_views, zone, peak->mutable_views());
  SetFixed2(view.growth_rate, message, &v1::TimelineAnalytics::mutable_growth_rate);
}

}  // namespace tally::query::rpc
