// Where the certificate's scripts and the object code are: relative to the running program, so that
// a build folder and an installation, wherever it was moved, look alike (PREFIX/bin/zahl beside
// PREFIX/share/zahl; a build folder has links there).
#pragma once

#include <string>

namespace zahl::certificate {

std::string own_source();  // has certificate/, isa/, rtl/ and sim/arith
std::string own_prefix();  // has bin/zahl, and the device's object files or the libraries of them

}  // namespace zahl::certificate
