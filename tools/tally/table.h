// Tables for a terminal: aligned columns, East-Asian wide characters counted as two.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tally::cli {

// Terminal columns that UTF-8 text takes; bytes that are not UTF-8 count as one each.
int DisplayWidth(std::string_view text);

// What a terminal may be shown of a text from outside: control characters, line ends and invalid
// UTF-8 become U+FFFD, so that a title cannot move the cursor or fake a row.
std::string Printable(std::string_view text);

enum class Align { kLeft, kRight };
struct Column {
  std::string title;
  Align align = Align::kLeft;
};

// Cells are made printable. Every row has as many cells as there are columns.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Title line, then the rows, two blanks between columns, no trailing blanks. `bold_titles` uses
  // an ANSI sequence.
  std::string Render(bool bold_titles = false) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// 1234567 -> "1,234,567"; keeps sign and decimals. Anything but a plain decimal is left as it is.
std::string GroupDigits(std::string_view number);

}  // namespace tally::cli
