#!/usr/bin/env bash
# Builds everything but the RTL with address and undefined-behaviour sanitizers and runs the tests
# that touch files, graphs and kernels.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs="zahl_isa_test zahl_frontend_test zahl_schedule_test
  unit_sim_kernels unit_sim_rounding timing_units timing_errors"
cmake --preset sanitize >/dev/null
cmake --build --preset sanitize --target $programs >/dev/null
for program in $programs; do
  build/sanitize/bin/$program --gtest_brief=1
done
