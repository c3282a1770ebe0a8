// Columns that line up, for the verbs that print tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::app {

// Rows of the same number of cells; the last column is as wide as it likes. Control bytes of cells
// are shown as `?`: some of them come from clients.
class TextTable {
 public:
  using Row = std::vector<std::string>;

  explicit TextTable(Row heading) { add(std::move(heading)); }
  void add(Row row);
  // Each line begins with `margin`.
  std::string text(std::string_view margin = "") const;

 private:
  std::vector<Row> rows_;
};

}  // namespace fairlead::app
