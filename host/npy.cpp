#include "host/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <regex>

#include "isa/error.h"

namespace zahl::host {
namespace {

struct TypeInfo {
  Array::Type type;
  std::string_view code;
  size_t size;
};
constexpr std::array<TypeInfo, 7> kTypes = {{{Array::Type::Float32, "<f4", 4},
                                             {Array::Type::Float64, "<f8", 8},
                                             {Array::Type::Int8, "|i1", 1},
                                             {Array::Type::UInt8, "|u1", 1},
                                             {Array::Type::Int16, "<i2", 2},
                                             {Array::Type::Int32, "<i4", 4},
                                             {Array::Type::Int64, "<i8", 8}}};
constexpr int64_t kLargestArray = int64_t{1} << 31;

const TypeInfo& info_of(Array::Type type) { return kTypes[static_cast<size_t>(type)]; }

Array parse(const std::string& where, const std::string& file) {
  const auto refuse = [&](const std::string& why) {
    throw UserError(fmt::format("{}: {}", where, why));
  };
  if (file.size() < 10 || file.compare(0, 6, "\x93NUMPY") != 0)
    refuse("it is not a NumPy array file");
  const bool is_long = file[6] != 1;
  uint32_t header_size =
      static_cast<uint8_t>(file[8]) | static_cast<uint32_t>(static_cast<uint8_t>(file[9])) << 8;
  if (is_long) {
    if (file.size() < 12) refuse("it is cut short");
    std::memcpy(&header_size, file.data() + 8, 4);
  }
  const size_t start = is_long ? 12 : 10;
  if (header_size > 65536 || header_size > file.size() - start) refuse("it is cut short");
  const std::string header = file.substr(start, header_size);
  static const std::regex kDescr("'descr': *'([^']*)'"), kOrder("'fortran_order': *(True|False)"),
      kShape("'shape': *\\(([0-9, ]*)\\)");
  std::smatch descr, order, shape;
  if (!std::regex_search(header, descr, kDescr) || !std::regex_search(header, order, kOrder) ||
      !std::regex_search(header, shape, kShape)) {
    refuse("its header is damaged");
  }
  if (order[1] == "True") refuse("it is in Fortran order; save numpy.ascontiguousarray of it");
  Array array;
  const TypeInfo* found = nullptr;
  for (const TypeInfo& t : kTypes) {
    if (t.code == descr[1].str()) found = &t;
  }
  if (found == nullptr) {
    refuse(fmt::format(
        "type {} is not supported; use float32, float64, int8, uint8, int16, int32 or int64",
        descr[1].str()));
    return array;
  }
  array.type = found->type;
  const std::string dims = shape[1].str();
  static const std::regex kNumber("[0-9]+");
  int64_t elements = 1;
  for (auto it = std::sregex_iterator(dims.begin(), dims.end(), kNumber);
       it != std::sregex_iterator(); ++it) {
    if (it->str().size() > 10) refuse("it is too large");
    array.shape.push_back(std::stoll(it->str()));
    elements *= array.shape.back();
    if (elements > kLargestArray) refuse("it is too large");
  }
  const size_t bytes = static_cast<size_t>(elements) * found->size, data = start + header_size;
  if (file.size() - data < bytes) refuse("it is cut short");
  array.bytes.assign(file.begin() + static_cast<std::ptrdiff_t>(data),
                     file.begin() + static_cast<std::ptrdiff_t>(data + bytes));
  return array;
}

std::string render(const Array& array) {
  std::string shape = fmt::format("{}", fmt::join(array.shape, ", "));
  if (array.shape.size() == 1) shape += ",";
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   info_of(array.type).code, shape);
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
  return file;
}

struct ZipCloser {
  void operator()(zip_t* z) const { zip_discard(z); }
};
using Zip = std::unique_ptr<zip_t, ZipCloser>;

std::map<std::string, Array> load_npz(const std::filesystem::path& path) {
  int error = 0;
  const Zip zip(zip_open(path.c_str(), ZIP_RDONLY, &error));
  if (!zip) throw UserError(fmt::format("{}: it is not a sound .npz file", path.string()));
  std::map<std::string, Array> arrays;
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip.get(), 0); ++i) {
    zip_stat_t stat;
    if (zip_stat_index(zip.get(), static_cast<zip_uint64_t>(i), 0, &stat) != 0 ||
        stat.size > static_cast<zip_uint64_t>(kLargestArray)) {
      throw UserError(fmt::format("{}: it is not a sound .npz file", path.string()));
    }
    std::string name = stat.name, bytes(stat.size, '\0');
    zip_file_t* entry = zip_fopen_index(zip.get(), static_cast<zip_uint64_t>(i), 0);
    const bool is_whole = entry != nullptr && zip_fread(entry, bytes.data(), stat.size) ==
                                                  static_cast<zip_int64_t>(stat.size);
    if (entry != nullptr) zip_fclose(entry);
    if (!is_whole) throw UserError(fmt::format("{}: its entry {} is damaged", path.string(), name));
    const Array array = parse(fmt::format("{}: {}", path.string(), name), bytes);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays.emplace(std::move(name), array);
  }
  return arrays;
}

}  // namespace

int64_t Array::elements() const {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  return n;
}

double Array::at(int64_t index) const {
  const size_t i = static_cast<size_t>(index);
  const auto get = [&]<class T>(T value) {
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    return static_cast<double>(value);
  };
  switch (type) {
    case Type::Float32:
      return get(float{});
    case Type::Float64:
      return get(double{});
    case Type::Int8:
      return get(int8_t{});
    case Type::UInt8:
      return get(uint8_t{});
    case Type::Int16:
      return get(int16_t{});
    case Type::Int32:
      return get(int32_t{});
    case Type::Int64:
      return get(int64_t{});
  }
  return 0;
}

std::map<std::string, Array> load_arrays(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path))
    throw UserError(fmt::format("{}: no such file", path.string()));
  if (path.extension() == ".npz") return load_npz(path);
  std::ifstream in(path, std::ios::binary);
  const std::string file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return {{"", parse(path.string(), file)}};
}

void save_arrays(const std::filesystem::path& path, const std::map<std::string, Array>& arrays) {
  const std::filesystem::path part = path.string() + ".part";
  const auto fail = [&] {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    throw UserError(
        fmt::format("{}: cannot write; check the folder and the space on the disk", path.string()));
  };
  if (path.extension() == ".npz") {
    int error = 0;
    zip_t* zip = zip_open(part.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (zip == nullptr) fail();
    std::vector<std::string> files;  // libzip reads the buffers when it closes
    files.reserve(arrays.size());
    for (const auto& [name, array] : arrays) {
      files.push_back(render(array));
      zip_source_t* source = zip_source_buffer(zip, files.back().data(), files.back().size(), 0);
      if (zip_file_add(zip, (name + ".npy").c_str(), source, ZIP_FL_OVERWRITE) < 0) fail();
    }
    if (zip_close(zip) != 0) fail();
  } else {
    if (arrays.size() != 1)
      throw UserError(
          fmt::format("{}: there are {} outputs; name a .npz file", path.string(), arrays.size()));
    const std::string file = render(arrays.begin()->second);
    std::ofstream out(part, std::ios::binary);
    out.write(file.data(), static_cast<std::streamsize>(file.size()));
    out.close();
    if (!out.good()) fail();
  }
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) fail();
}

}  // namespace zahl::host
