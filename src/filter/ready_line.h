// A header field whose value the configuration fixes: its line is made once and sent by view.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace fairlead::filter {

class ReadyLine {
 public:
  // Longer lines are no use to anybody; whoever reads a value reports them.
  static constexpr size_t kLongest = 8192;

  ReadyLine() = default;
  ReadyLine(std::string_view name, std::string_view value)
      : name_length_(static_cast<uint16_t>(name.size())),
        value_length_(static_cast<uint16_t>(value.size())),
        id_(http::fieldIdOf(name)) {
    line_.append(name).append(": ").append(value).append("\r\n");
  }

  bool empty() const { return line_.empty(); }
  // A view of this line, which must outlive the head that it is added to.
  http::Field field() const {
    return {line_.data(),
            name_length_,
            static_cast<uint16_t>(name_length_ + 2),
            value_length_,
            static_cast<uint16_t>(line_.size()),
            id_};
  }

 private:
  std::string line_;
  uint16_t name_length_ = 0;
  uint16_t value_length_ = 0;
  http::FieldId id_ = http::FieldId::Unknown;
};

}  // namespace fairlead::filter
