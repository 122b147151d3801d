// Makes a failing random program small: drops instructions, with fewer and fewer at a time, while
// it still fails.
#pragma once

#include <functional>

#include "tests/support/random_program.h"

namespace zahl::test {

// `fails` judges a candidate. Waits are assigned anew where the program has no mistake; candidates
// that would read something undefined or meet unspecified data are not tried. Of a program with a
// mistake only instructions at the end are dropped, so that each wait keeps its meaning.
RandomProgram shrink(RandomProgram program, const std::function<bool(const RandomProgram&)>& fails);

}  // namespace zahl::test
