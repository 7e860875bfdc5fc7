// The API's description, as it is served: made at build time by render.py from openapi.json, the
// one place that says what the API is. tests/integration/openapi_test.py holds the server to it.
#pragma once

#include <string_view>

namespace tally::query {

// openapi.json with the version of this build. Whether tokens are asked for is the server's
// configuration: there, it says kSecurityOptional.
extern const std::string_view kOpenApiJson;
inline constexpr std::string_view kSecurityOptional = R"("security": [{}, {"bearer": []}])";
inline constexpr std::string_view kSecurityNone = R"("security": [])";
inline constexpr std::string_view kSecurityBearer = R"("security": [{"bearer": []}])";

// The same as a page, and what it loads.
extern const std::string_view kDocsHtml;
extern const std::string_view kDocsCss;
extern const std::string_view kDocsScript;

}  // namespace tally::query
