#include "cli/exit_code.h"

#include <fmt/format.h>

#include <cstdio>
#include <new>

#include "isa/error.h"

namespace zahl::cli {

int exit_code_of(const std::function<int()>& work) {
  try {
    return work();
  } catch (const UserError& error) {
    fmt::print(stderr, "zahl: {}\n", error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "zahl: out of memory; try a smaller model\n");
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr,
               "zahl: internal error: {}; please report it with the command line and the model\n",
               error.what());
    return 3;
  }
}

}  // namespace zahl::cli
