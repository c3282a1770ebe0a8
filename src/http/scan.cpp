// Which scan this CPU gets.
#include "http/scan.h"

#include <array>

namespace fairlead::http {

namespace {

struct Available {
  Available() {
    add(kPlainScan);
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) add(kSse42Scan);
    if (__builtin_cpu_supports("avx2")) add(kAvx2Scan);
#endif
  }

  void add(const Scan& variant) { variants[count++] = &variant; }

  std::array<const Scan*, 3> variants{};
  size_t count = 0;
};

const Available& available() {
  static const Available found;
  return found;
}

}  // namespace

const Scan& scan() {
  static const Scan& widest = *available().variants[available().count - 1];
  return widest;
}

std::span<const Scan* const> availableScans() {
  return {available().variants.data(), available().count};
}

}  // namespace fairlead::http
