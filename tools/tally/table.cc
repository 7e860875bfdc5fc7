#include "tools/tally/table.h"

#include <utf8proc.h>

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace tally::cli {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Codepoint {
  utf8proc_int32_t value;  // negative: not UTF-8
  size_t bytes;
};

Codepoint NextCodepoint(std::string_view text) {
  utf8proc_int32_t value = -1;
  const utf8proc_ssize_t bytes =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &value);
  if (bytes <= 0) return {-1, 1};
  return {value, static_cast<size_t>(bytes)};
}

int Columns(utf8proc_int32_t value) {
  if (value < 0) return 1;
  // Vowels and finals of decomposed Hangul join the initial before them.
  if (value >= 0x1160 && value <= 0x11ff) return 0;
  return utf8proc_charwidth(value);
}

bool IsUnsafe(utf8proc_int32_t value) {
  if (value < 0) return true;
  switch (utf8proc_category(value)) {
    case UTF8PROC_CATEGORY_CC:  // control characters
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    case UTF8PROC_CATEGORY_CF:  // bidi overrides reorder what is shown; joiners are harmless
      return value != 0x200c && value != 0x200d;
    default:
      return false;
  }
}

void AppendCell(std::string_view text, int width, Align align, std::string* line) {
  const auto padding = static_cast<size_t>(std::max(0, width - DisplayWidth(text)));
  if (align == Align::kRight) line->append(padding, ' ');
  line->append(text);
  if (align == Align::kLeft) line->append(padding, ' ');
  line->append("  ");
}

std::string Trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Codepoint next = NextCodepoint(text);
    width += Columns(next.value);
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string Printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Codepoint next = NextCodepoint(text);
    result.append(IsUnsafe(next.value) ? kReplacement : text.substr(0, next.bytes));
    text.remove_prefix(next.bytes);
  }
  return result;
}

void Table::AddRow(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Render(bool bold_titles) const {
  std::vector<int> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    int width = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
  }
  std::string titles;
  for (size_t i = 0; i < columns_.size(); ++i) {
    AppendCell(columns_[i].title, widths[i], columns_[i].align, &titles);
  }
  std::string text = Trimmed(std::move(titles));
  if (bold_titles) text = "\x1b[1m" + text + "\x1b[0m";
  text.push_back('\n');
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      AppendCell(row[i], widths[i], columns_[i].align, &line);
    }
    text.append(Trimmed(std::move(line))).push_back('\n');
  }
  return text;
}

std::string GroupDigits(std::string_view number) {
  const size_t sign = !number.empty() && number[0] == '-' ? 1 : 0;
  const size_t point = std::min(number.find('.'), number.size());
  const std::string_view whole = number.substr(sign, point - sign);
  const bool plain = !whole.empty() && whole.find_first_not_of("0123456789") == whole.npos;
  if (!plain) return std::string(number);
  std::string result(number.substr(0, sign));
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i > 0 && (whole.size() - i) % 3 == 0) result.push_back(',');
    result.push_back(whole[i]);
  }
  return result.append(number.substr(point));
}

}  // namespace tally::cli
