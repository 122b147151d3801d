// A Python that works. The first `python3` on PATH may be pyenv's or conda's, without the packages
// that a level imports, while another one has them; so each candidate is tried before one is used.
// scripts/find_python looks the same way for the scripts of the tree.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zahl::certificate {

// In this order: $ZAHL_PYTHON (if set, the only one); the environment of the tree or of the
// installation (`root`/build/venv, `root`/venv); /usr/bin/python3; each python3 on PATH.
std::vector<std::string> python_candidates(const std::filesystem::path& root);

struct Interpreter {
  std::string path;      // empty where no candidate works
  std::string sentence;  // then: what was tried, why it does not do, and what would work
};

// The first candidate that is Python 3.11 or later and imports `modules`.
Interpreter find_interpreter(const std::vector<std::string>& candidates,
                             const std::vector<std::string>& modules);

}  // namespace zahl::certificate
