// Runs zahl_assertion_bench for 200 cycles with the fault of the command line (0: none). An
// assertion that fails ends the program.
#include <cstdlib>

#include "Vzahl_assertion_bench.h"

int main(int, char** argv) {
  VerilatedContext context;
  Vzahl_assertion_bench top(&context, "bench");
  top.fault_i = static_cast<unsigned char>(std::atoi(argv[1]));
  for (int cycle = -2; cycle < 200; ++cycle) {
    top.rst_ni = cycle >= 0;
    if (cycle >= 0) context.time(static_cast<unsigned>(cycle));
    for (const int level : {0, 1}) {
      top.clk_i = static_cast<unsigned char>(level);
      top.eval();
    }
  }
}
