// Writes heads: one bounds check and one copy for each run of lines that lie together in memory.
#include "http/h1/serializer.h"

#include "base/short_copy.h"

namespace fairlead::http::h1 {

namespace {

// Bytes into a span; once something did not fit, nothing more is written.
class Sink {
 public:
  explicit Sink(std::span<char> out)
      : begin_(out.data()), next_(begin_), end_(begin_ + out.size()) {}

  void put(std::string_view text) {
    if (text.size() > static_cast<size_t>(end_ - next_)) {
      overflow_ = true;
      end_ = next_;
      return;
    }
    next_ = append(next_, text);
  }

  size_t written() const { return overflow_ ? 0 : static_cast<size_t>(next_ - begin_); }

 private:
  char* begin_;
  char* next_;
  char* end_;
  bool overflow_ = false;
};

void putFields(Sink& sink, const Fields& fields) {
  const Field* field = fields.begin();
  while (field != fields.end()) {
    const char* const run = field->line().data();
    const char* run_end = run;
    do {
      run_end += field->line().size();
      ++field;
    } while (field != fields.end() && field->line().data() == run_end);
    sink.put({run, static_cast<size_t>(run_end - run)});
  }
  sink.put("\r\n");
}

void putTarget(Sink& sink, const Target& target, PathBytes path) {
  if (target.form == TargetForm::Authority) return sink.put(target.authority);
  sink.put(path == PathBytes::Raw ? target.raw_path : target.path);
  if (!target.has_query) return;
  sink.put("?");
  sink.put(target.query);
}

}  // namespace

size_t writeRequestHead(const RequestHead& head, PathBytes path, std::span<char> out) {
  Sink sink(out);
  sink.put(head.method_text);
  sink.put(" ");
  putTarget(sink, head.target, path);
  sink.put(" HTTP/1.1\r\n");
  putFields(sink, head.fields);
  return sink.written();
}

size_t writeResponseHead(const ResponseHead& head, std::span<char> out) {
  Sink sink(out);
  const unsigned status = head.status;
  const char line[] = {'H',
                       'T',
                       'T',
                       'P',
                       '/',
                       '1',
                       '.',
                       '1',
                       ' ',
                       static_cast<char>('0' + status / 100),
                       static_cast<char>('0' + status / 10 % 10),
                       static_cast<char>('0' + status % 10),
                       ' '};
  sink.put({line, sizeof line});
  sink.put(head.reason);
  sink.put("\r\n");
  putFields(sink, head.fields);
  return sink.written();
}

std::string_view writeResponseHead(const ResponseHead& head, Arena& arena) {
  constexpr size_t kStartLineAndEnd = sizeof "HTTP/1.1 200 \r\n\r\n";
  size_t size = kStartLineAndEnd + head.reason.size();
  for (const Field& field : head.fields) size += field.line().size();
  char* const to = arena.allocate(size);
  return {to, writeResponseHead(head, std::span(to, size))};
}

}  // namespace fairlead::http::h1
