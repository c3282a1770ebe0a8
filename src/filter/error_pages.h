// error_pages: what answers say that fairlead itself makes because something went wrong.
#pragma once

#include <string>
#include <vector>

#include "filter/page.h"

namespace fairlead::filter {

extern const Section kErrorPageKeys;       // by status
extern const Section kErrorPageEntryKeys;  // of one page

// `{ 503: "@maintenance.html", 5xx: "<h1>{status} {reason}</h1>", 404: { file: gone.html } }`. They
// hold for refusals and failures of fairlead's own, never for what a server sent, nor for `respond`
// and `redirect`. Placeholders have values in files too, `{status}` and `{reason}` among them.
class ErrorPages {
 public:
  // Reads over what is there, status by status; `off` gives one, or all, the standard sentence.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return entries_.empty(); }
  // The page of the status, else that of its class, else nullptr.
  const Page* find(uint16_t status) const;
  // The answer with its page, if it has one; all else stays.
  Answer apply(Answer answer, const Scene& scene) const;

  Needs needs() const;
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same.
  Value show() const;

 private:
  struct Entry {
    std::string key;  // "503" or "5xx"
    Page page;
    bool is_off = false;
    Mark mark;
  };

  const Entry* findEntry(std::string_view key) const;

  std::vector<Entry> entries_;
};

}  // namespace fairlead::filter
