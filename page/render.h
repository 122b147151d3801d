// HTML from a template and JSON. Templates are Mustache files beside their C++ and are embedded
// when Zahl is built.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace zahl::page {

// Values are escaped. Beside every array `x` the template sees `has_x`. `style` is the style sheet
// shared by all pages. Throws std::logic_error where the template itself is wrong.
std::string render_page(const std::string& page_template, nlohmann::ordered_json json);

}  // namespace zahl::page
