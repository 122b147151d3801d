// Exit codes: 0 done; 1 a check failed (engines differ, or the machine stopped with an error); 2
// the input is at fault, in one sentence; 3 an error of our own.
#pragma once

#include <functional>

namespace zahl::cli {

// What `work` returns, or the code of what it throws; the sentence goes to standard error.
int exit_code_of(const std::function<int()>& work);

}  // namespace zahl::cli
