#include "certificate/levels/interpreter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "certificate/levels/process.h"

namespace zahl::certificate {
namespace {

namespace fs = std::filesystem;

// Ends with 0, or says in its last line what is missing. Older Pythons must be able to read it.
constexpr const char* kProbe = R"(import sys
if sys.version_info < (3, 11): sys.exit("it is Python %d.%d" % sys.version_info[:2])
for module in sys.argv[1:]:
    try: __import__(module)
    except Exception: sys.exit("no " + module)
)";

std::string last_line(const std::string& text) {
  std::string line, last;
  for (std::istringstream in(text); std::getline(in, line);)
    if (!line.empty()) last = line;
  return last;
}

// Why the candidate does not do; empty where it does.
std::string fault_of(const std::string& python, const std::vector<std::string>& modules) {
  std::error_code ignored;
  if (python.find('/') != std::string::npos && !fs::exists(python, ignored))
    return "it does not exist";
  std::vector<std::string> command = {python, "-B", "-c", kProbe};
  command.insert(command.end(), modules.begin(), modules.end());
  const Ended ended = run_quietly(std::move(command));
  if (ended.status == 0) return "";
  const std::string said = last_line(ended.output);
  return said.empty() ? "it does not start" : said;
}

}  // namespace

std::vector<std::string> python_candidates(const fs::path& root) {
  if (const char* own = std::getenv("ZAHL_PYTHON"); own != nullptr && *own != '\0') return {own};
  std::vector<std::string> found = {(root / "build/venv/bin/python").string(),
                                    (root / "venv/bin/python").string(), "/usr/bin/python3"};
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::error_code ignored;
    const std::string python = (fs::path(folder) / "python3").string();
    if (fs::exists(python, ignored) && std::ranges::find(found, python) == found.end())
      found.push_back(python);
  }
  return found;
}

Interpreter find_interpreter(const std::vector<std::string>& candidates,
                             const std::vector<std::string>& modules) {
  std::vector<std::string> tried;
  for (const std::string& python : candidates) {
    const std::string fault = fault_of(python, modules);
    if (fault.empty()) return {.path = python, .sentence = {}};
    tried.push_back(fmt::format("{} ({})", python, fault));
  }
  return {.path = {},
          .sentence = fmt::format(
              "no Python 3.11 or later{}{} among: {}; name one with ZAHL_PYTHON, or ",
              modules.empty() ? "" : " with ", fmt::join(modules, ", "), fmt::join(tried, ", "))};
}

}  // namespace zahl::certificate
