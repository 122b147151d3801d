// The levels that are Python: found in the source tree, run as processes of their own, read back as
// JSON.
#pragma once

#include <string>
#include <vector>

#include "certificate/levels/level.h"

namespace zahl::certificate {

// Runs `source`/certificate/*/level<number>.py with `arguments` and "--json FILE", under a Python
// that has what it imports. A script that is absent, or has no Python, or says nothing gives a
// level that does not hold and says why.
Level run_script(int number, const std::string& title, const std::string& source,
                 const std::vector<std::string>& arguments);

// A folder that disappears with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace zahl::certificate
