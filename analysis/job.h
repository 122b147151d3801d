// What is to be run: a program and the memory beside it, from the words that a user gave.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "contract/program.h"

namespace zahl::analysis {

struct JobRequest {
  std::string model;  // a model, or a program
  std::string config = "edge16", memory = "dram";
  bool is_config_given = false;  // a program is held to it only then
  std::vector<std::string> settings{};
  std::vector<std::string> bindings{};  // of a model's open dimensions, NAME=VALUE
  // Of the arrays that the inputs will be given, where they are known.
  std::map<std::string, std::vector<int64_t>> shapes{};
  std::string objective = "cycles", optimise = "default";  // as make_search takes them
  std::string energy;                                      // a file; empty: the table built in
};

struct Job {
  Program program;
  MemoryConfig memory;
  std::vector<std::string> notes{};  // what was taken for granted about the model
};

// A program carries its machine; a model is compiled for the one asked for. Throws UserError where
// a program is asked to be another machine's, or to be compiled anew.
Job open_job(const JobRequest& request);

}  // namespace zahl::analysis
