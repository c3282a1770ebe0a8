// Laying out tables.
#include "app/text_table.h"

#include <algorithm>

namespace fairlead::app {
namespace {

constexpr size_t kGap = 2;

// Letters, not bytes, of UTF-8.
size_t widthOf(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::add(Row row) {
  for (std::string& cell : row)
    std::ranges::replace_if(
        cell, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  rows_.push_back(std::move(row));
}

std::string TextTable::text(std::string_view margin) const {
  std::vector<size_t> widths(rows_.front().size());
  for (const Row& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], widthOf(row[i]));
  std::string text;
  for (const Row& row : rows_) {
    std::string line(margin);
    for (size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - widthOf(row[i]) + kGap, ' ');
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace fairlead::app
