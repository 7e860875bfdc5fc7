#include "query/auth/key_ring.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tally::query::auth {
namespace {

// Nobody's setting of the clock makes new keys wait.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

KeyRing::KeyRing(std::unique_ptr<JwksSource> source, RefreshOptions options, Metrics& metrics)
    : source_(std::move(source)), metrics_(metrics), schedule_(options, SteadyNow()) {}

KeyRing::~KeyRing() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  source_->Cancel();
  if (thread_.joinable()) thread_.join();
}

absl::Status KeyRing::Load() {
  absl::Status status = Refresh();
  const std::lock_guard lock(mutex_);
  schedule_.OnDone(status.ok(), SteadyNow());
  return status;
}

void KeyRing::Start() {
  thread_ = std::thread([this] { Run(); });
}

KeyRing::Current KeyRing::Get() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void KeyRing::ReportUnknownKey() {
  {
    const std::lock_guard lock(mutex_);
    const absl::Time due = schedule_.Due();
    schedule_.OnUnknownKey();
    if (schedule_.Due() == due) return;
  }
  changed_.notify_all();
}

void KeyRing::Reload() {
  {
    const std::lock_guard lock(mutex_);
    schedule_.OnDemand(SteadyNow());
  }
  changed_.notify_all();
}

void KeyRing::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const absl::Duration wait = schedule_.Due() - SteadyNow();
    if (wait > absl::ZeroDuration()) {
      changed_.wait_for(lock, absl::ToChronoMilliseconds(wait) + std::chrono::milliseconds(1));
      continue;
    }
    lock.unlock();
    const absl::Status status = Refresh();
    Report(status);
    lock.lock();
    schedule_.OnDone(status.ok(), SteadyNow());
  }
}

absl::Status KeyRing::Refresh() {
  auto text = source_->Read();
  absl::Status status = text.ok() ? Replace(*std::move(text)) : text.status();
  metrics_.CountRefresh(status.ok());
  return status;
}

void KeyRing::Report(const absl::Status& status) {
  if (absl::IsCancelled(status) || last_failure_ == status.message()) return;
  last_failure_ = std::string(status.message());
  if (status.ok()) {
    spdlog::info("token keys can be read again");
  } else if (Get().keys == nullptr) {
    spdlog::error("there are no token keys yet, nobody is let in: {}", last_failure_);
  } else {
    spdlog::error("token keys cannot be refreshed, the last good ones stay: {}", last_failure_);
  }
}

absl::Status KeyRing::Replace(std::string text) {
  if (Get().keys != nullptr && text == text_) return absl::OkStatus();
  auto keys = KeySet::Parse(text);
  if (!keys.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source_->name(), ": ", keys.status().message()));
  }
  text_ = std::move(text);
  metrics_.SetKeys((*keys)->size());
  spdlog::info("{} token key(s) read from {}", (*keys)->size(), source_->name());
  if ((*keys)->HasSecret()) {
    spdlog::warn("{} holds HS256 secrets: whoever can read it can make tokens", source_->name());
  }
  for (const std::string& why : (*keys)->left_out()) spdlog::info("not used: {}", why);
  const std::lock_guard lock(mutex_);
  current_ = {*std::move(keys), current_.generation + 1};
  return absl::OkStatus();
}

}  // namespace tally::query::auth
