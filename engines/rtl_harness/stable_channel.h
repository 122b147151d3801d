// The rule of AXI's channels: what is shown and not taken stays, unchanged, until it is taken.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace zahl::rtl {

class StableChannel {
 public:
  // Told once a cycle. Throws std::logic_error in the cycle in which the rule is broken.
  template <typename... Payload>
  void check(bool valid, bool ready, const Payload&... payload) {
    std::array<uint8_t, 80> now{};
    size_t size = 0;
    const auto note = [&](const auto& value) {
      std::memcpy(now.data() + size, &value, sizeof(value));
      size += sizeof(value);
    };
    (note(payload), ...);
    if (waits_ && (!valid || now != shown_))
      throw std::logic_error("an AXI channel changed between valid and ready");
    waits_ = valid && !ready;
    shown_ = now;
  }

 private:
  std::array<uint8_t, 80> shown_{};
  bool waits_ = false;
};

}  // namespace zahl::rtl
