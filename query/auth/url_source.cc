#include <arpa/inet.h>
#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "query/auth/jwks_source.h"

namespace tally::query::auth {
namespace {

struct UrlRelease {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct EasyRelease {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiRelease {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using UrlPtr = std::unique_ptr<CURLU, UrlRelease>;
using EasyPtr = std::unique_ptr<CURL, EasyRelease>;
using MultiPtr = std::unique_ptr<CURLM, MultiRelease>;

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

// Names are not resolved: what they mean may change between looking and connecting. libcurl itself
// takes "localhost" for loopback always.
bool IsLoopback(std::string host) {
  if (host == "localhost") return true;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  in_addr v4;
  in6_addr v6;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

size_t Append(char* data, size_t size, size_t count, void* to) {
  auto& text = *static_cast<std::string*>(to);
  if (size * count > kJwksBytesMax - text.size()) return 0;
  text.append(data, size * count);
  return size * count;
}

class UrlSource final : public JwksSource {
 public:
  UrlSource(UrlOptions options, std::string shown, bool loopback)
      : options_(std::move(options)),
        shown_(std::move(shown)),
        loopback_(loopback),
        multi_(curl_multi_init()) {}

  absl::StatusOr<std::string> Read() override;
  void Cancel() override {
    cancelled_ = true;
    curl_multi_wakeup(multi_.get());
  }
  const std::string& name() const override { return shown_; }

 private:
  void SetUp(CURL* easy, std::string& text, char* detail) const;
  CURLcode Transfer(CURL* easy);
  absl::Status Failed(CURLcode code, const char* detail) const;

  const UrlOptions options_;
  const std::string shown_;  // without what may be secret: user information, query
  const bool loopback_;
  const MultiPtr multi_;
  std::atomic<bool> cancelled_ = false;
};

void UrlSource::SetUp(CURL* easy, std::string& text, char* detail) const {
  curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "tallyd");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options_.total_timeout)));
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, static_cast<long>(kJwksBytesMax));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &text);
  if (loopback_) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
}

// libcurl's own time limits end it.
CURLcode UrlSource::Transfer(CURL* easy) {
  curl_multi_add_handle(multi_.get(), easy);
  int running = 1;
  while (running > 0 && !cancelled_) {
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) break;
    if (running > 0) curl_multi_poll(multi_.get(), nullptr, 0, 1000, nullptr);
  }
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) result = message->data.result;
  }
  curl_multi_remove_handle(multi_.get(), easy);
  return result;
}

absl::Status UrlSource::Failed(CURLcode code, const char* detail) const {
  if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED) {
    return absl::InvalidArgumentError(
        absl::StrCat(shown_, " sent more than ", kJwksBytesMax, " bytes"));
  }
  return absl::UnavailableError(absl::StrCat(
      shown_, " cannot be fetched: ", *detail != '\0' ? detail : curl_easy_strerror(code)));
}

absl::StatusOr<std::string> UrlSource::Read() {
  const EasyPtr easy(curl_easy_init());
  if (easy == nullptr || multi_ == nullptr) return absl::InternalError("libcurl has no memory");
  std::string text;
  char detail[CURL_ERROR_SIZE] = "";
  SetUp(easy.get(), text, detail);
  const CURLcode code = Transfer(easy.get());
  if (cancelled_) return absl::CancelledError("shutting down");
  if (code != CURLE_OK) return Failed(code, detail);
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return absl::UnavailableError(absl::StrCat(
        shown_, " answered ", status, status / 100 == 3 ? "; redirects are not followed" : ""));
  }
  return text;
}

}  // namespace

bool IsUrl(const std::string& text) { return absl::StrContains(text, "://"); }

absl::StatusOr<std::unique_ptr<JwksSource>> MakeUrlSource(UrlOptions options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) return absl::InternalError("libcurl cannot be initialised");
  const UrlPtr url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, options.url.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError("not a URL such as https://issuer.example/jwks.json");
  }
  const std::string scheme = PartOf(url.get(), CURLUPART_SCHEME);
  const std::string host = PartOf(url.get(), CURLUPART_HOST);
  const bool loopback = IsLoopback(host);
  if (scheme != "https" && scheme != "http") {
    return absl::InvalidArgumentError(absl::StrCat("a URL of ", scheme, ": only https is used"));
  }
  if (scheme == "http" && !loopback && !options.allow_http) {
    return absl::InvalidArgumentError(
        "keys fetched over http can be replaced by anybody on the way: use https, or allow it with "
        "--auth-jwks-allow-http");
  }
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
  std::string shown = PartOf(url.get(), CURLUPART_URL);
  return std::make_unique<UrlSource>(std::move(options), std::move(shown), loopback);
}

}  // namespace tally::query::auth
