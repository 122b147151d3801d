#include "page/render.h"

#include <kainjow/mustache.hpp>
#include <stdexcept>

#include "style.h"

namespace zahl::page {
namespace {

using Json = nlohmann::ordered_json;
using kainjow::mustache::data;

data as_data(const Json& json) {
  if (json.is_object()) {
    data object(data::type::object);
    for (const auto& [key, value] : json.items()) {
      object.set(key, as_data(value));
      if (value.is_array())
        object.set("has_" + key,
                   data(value.empty() ? data::type::bool_false : data::type::bool_true));
    }
    return object;
  }
  if (json.is_array()) {
    data list(data::type::list);
    for (const Json& value : json) list.push_back(as_data(value));
    return list;
  }
  if (json.is_boolean())
    return data(json.get<bool>() ? data::type::bool_true : data::type::bool_false);
  if (json.is_null()) return data(data::type::bool_false);
  const std::string text = json.is_string() ? json.get<std::string>() : json.dump();
  return text.empty() ? data(data::type::bool_false)
                      : data(text);  // an empty string has no section
}

}  // namespace

std::string render_page(const std::string& page_template, Json json) {
  kainjow::mustache::mustache page(page_template);
  if (!page.is_valid()) throw std::logic_error("page template: " + page.error_message());
  json["style"] = kStyle;
  return page.render(as_data(json));
}

}  // namespace zahl::page
