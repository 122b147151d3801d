// All levels as one certificate: JSON, text, page.
#pragma once

#include "certificate/levels/level.h"

namespace zahl::certificate {

inline constexpr const char* kCertificateSchema = "zahl.certificate/1";

struct Certificate {
  std::string subject, network;
  std::vector<Level> levels;
  std::vector<int> left_out;  // levels that the user did not ask for
  bool holds() const;
};

Json certificate_json(const Certificate& c);
std::string certificate_text(const Certificate& c);
std::string certificate_page(const Certificate& c);

}  // namespace zahl::certificate
