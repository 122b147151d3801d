"""The C++ header: enumerations, one struct an instruction, field visitors,
legality rules, configuration."""


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def field_type(field: dict) -> str:
    if "enum" in field:
        return camel(field["enum"])
    if field.get("signed"):
        return "int32_t" if field["bits"] <= 32 else "int64_t"
    return "uint32_t" if field["bits"] <= 32 else "uint64_t"


def enum(name: str, entries: list[dict], base: str = "uint8_t") -> list[str]:
    lines = [f"enum class {camel(name)} : {base} {{"]
    for e in entries:
        lines += [f"  {camel(e['name'])} = {e['value']},  // {e['doc']}"]
    return lines + ["};", ""]


def names_array(constant: str, entries: list[dict]) -> list[str]:
    body = ", ".join(f'"{e["name"]}"' for e in entries)
    return [
        f"inline constexpr std::array<std::string_view, {len(entries)}> {constant} = {{{body}}};",
        "",
    ]


def cpp_rule(rule: str, instruction: dict, hw: dict) -> str:
    """The rules are written in the intersection of Python and C++
    but for and/or/not and bare names."""
    fields = {f["name"] for f in instruction["fields"]}
    parameters = {p["name"] for p in hw["parameter"]}
    out = []
    for token in rule.replace("(", " ( ").replace(")", " ) ").split():
        if token in fields:
            out.append(f"static_cast<int64_t>(x.{token})")
        elif token in parameters:
            out.append(f"int64_t{{config.{token}}}")
        else:
            out.append({"and": "&&", "or": "||", "not": "!"}.get(token, token))
    return " ".join(out)


def limits(field: dict, rules: list[str]) -> tuple[int, int]:
    """The natural values that a field holds and no rule of its own (`field <= number`) forbids."""
    bits, bias = field["bits"], field.get("bias", 0)
    if field.get("signed"):
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    low, high = bias, (1 << bits) - 1 + bias
    for rule in rules:
        words = rule.split()
        if words[:2] == [field["name"], "<="] and len(words) == 3 and words[2].isdigit():
            high = min(high, int(words[2]))
    return low, high


def limits_struct(name: str, fields: list[dict], rules: list[str]) -> list[str]:
    lines = [f"struct {name} {{"]
    for f in fields:
        low, high = limits(f, rules)
        lines += [f"  static constexpr Limits {f['name']}{{{low}, {high}}};"]
    return lines + ["};"]


def field_info(owner: str, f: dict) -> str:
    place = f"{f['lsb']}, {f['bits']}, {literal(f.get('signed'))}, {f.get('bias', 0)}"
    return f'FieldInfo{{"{f["name"]}", {place}, limits::{owner}::{f["name"]}}}'


def all_limits(spec: dict) -> list[str]:
    lines = [
        "// The natural values that a field may have: what its bits hold, cut by rules that",
        "// compare it with a number. Both ends are included.",
        "struct Limits {",
        "  int64_t min, max;",
        "  constexpr bool holds(int64_t value) const { return min <= value && value <= max; }",
        "};",
        "namespace limits {",
        *limits_struct("Common", spec["common"][1:], []),
    ]
    for i in spec["instruction"]:
        lines += limits_struct(camel(i["name"]), i["fields"], i.get("rules", []))
    return lines + ["}  // namespace limits", ""]


def instruction_struct(i: dict) -> list[str]:
    lines = [
        f"// {i['doc']}",
        f"struct {camel(i['name'])} {{",
        f"  static constexpr Opcode kOpcode = Opcode::{camel(i['name'])};",
    ]
    lines += [
        f"  static constexpr Unit kUnit = Unit::{camel(i['unit'])};",
        f'  static constexpr std::string_view kName = "{i["name"]}";',
    ]
    lines += [f"  static constexpr int kUsedBits = {i['used_bits']};"]
    lines += [f"  using Limit = limits::{camel(i['name'])};", "  Common common;"]
    for f in i["fields"]:
        initial = f"{camel(f['enum'])}{{}}" if "enum" in f else str(f.get("bias", 0))
        lines += [f"  {field_type(f)} {f['name']} = {initial};  // {f['doc']}"]
    lines += [f"  bool operator==(const {camel(i['name'])}&) const = default;", "};", ""]
    return lines


def literal(is_so: bool | None) -> str:
    return "true" if is_so else "false"


def visitor(i: dict) -> list[str]:
    name = camel(i["name"])
    lines = [
        "template <class X, class V>",
        f"  requires std::same_as<std::remove_const_t<X>, {name}>",
        "[[gnu::always_inline]] inline void for_each_field(X& x, V&& visit) {",
    ]
    for f in i["fields"]:
        lines += [f"  visit({field_info(name, f)}, x.{f['name']});"]
    return lines + ["}", ""]


def legality(i: dict, hw: dict) -> list[str]:
    lines = [
        "// The first rule that `x` breaks on this machine, or nothing.",
        "inline std::string_view "
        f"broken_rule(const {camel(i['name'])}& x, const hw::Config& config) {{",
    ]
    lines += ["  static_cast<void>(x), static_cast<void>(config);"]
    for rule in i.get("rules", []):
        lines += [f'  if (!({cpp_rule(rule, i, hw)})) return "{rule}";']
    return lines + ['  return "";', "}", ""]


def config_struct(hw: dict) -> list[str]:
    lines = [
        "namespace zahl::hw {",
        "",
        "// The machine's parameters (isa/hw.toml). Load and check one with config.h.",
        "struct Config {",
        "  std::string name;",
    ]
    for p in hw["parameter"]:
        lines += [f"  int {p['name']} = 0;  // {p['doc']}"]
    lines += ["  bool operator==(const Config&) const = default;"]
    lines += [
        "",
        "  int scratchpad_bytes() const { return scratchpad_banks * scratchpad_bank_bytes; }",
        "  int accumulator_vectors() const "
        "{ return accumulator_banks * accumulator_bank_vectors; }",
        "  int weight_tile_bytes() const { return rows * columns; }",
        "  int weight_tile_lines() const { return rows * columns / line_bytes; }",
        "  int multipliers() const { return rows * columns; }",
        "};",
        "",
        "struct ParameterInfo {",
        "  std::string_view name;",
        "  int Config::*member;",
        "  int minimum, maximum;",
        "  bool power_of_two;",
        "};",
        "",
        f"inline constexpr std::array<ParameterInfo, {len(hw['parameter'])}> kParameters = {{{{",
    ]
    for p in hw["parameter"]:
        limits = f"{p['minimum']}, {p['maximum']}, {literal(p.get('power_of_two'))}"
        lines += [f'    {{"{p["name"]}", &Config::{p["name"]}, {limits}}},']
    lines += ["}};", "", "// Fixed pipeline delays, in cycles."]
    for d in hw["delay"]:
        lines += [f"inline constexpr int k{camel(d['name'])} = {d['cycles']};  // {d['doc']}"]
    return lines + ["", "}  // namespace zahl::hw", ""]


def isa_header(spec: dict, hw: dict) -> str:
    lines = [
        "// Made by isa/generate.py from isa/isa.toml and isa/hw.toml. Edit those.",
        "#pragma once",
        "",
        "#include <array>",
        "#include <concepts>",
        "#include <cstdint>",
        "#include <string>",
        "#include <string_view>",
        "#include <type_traits>",
        "#include <variant>",
        "",
    ]
    lines += config_struct(hw) + ["namespace zahl::isa {", ""]
    lines += [
        f"inline constexpr int kVersion = {spec['version']};",
        f"inline constexpr int kInstructionBits = {spec['instruction_bits']};",
    ]
    lines += ["inline constexpr int kInstructionBytes = kInstructionBits / 8;", ""]
    units = [u | {"value": n} for n, u in enumerate(spec["unit"])]
    counters = [c | {"value": n} for n, c in enumerate(spec["counter"])]
    lines += (
        enum("unit", units)
        + [f"inline constexpr int kUnitCount = {len(units)};"]
        + names_array("kUnitNames", units)
    )
    for e in spec["enum"]:
        lines += enum(e["name"], e["values"]) + names_array(
            f"k{camel(e['name'])}Names", e["values"]
        )
    lines += (
        enum("counter", counters)
        + [f"inline constexpr int kCounterCount = {len(counters)};"]
        + names_array("kCounterNames", counters)
    )
    lines += enum(
        "register", [r | {"value": hex(r["offset"])} for r in spec["register"]], "uint16_t"
    )
    lines += enum("opcode", [i | {"value": hex(i["opcode"])} for i in spec["instruction"]])
    lines += all_limits(spec)
    lines += [
        "struct FieldInfo {",
        "  std::string_view name;",
        "  int lsb, bits;",
        "  bool is_signed;",
        "  int bias;",
        "  Limits limits;",
        "};",
        "",
    ]
    common = {f["name"]: f for f in spec["common"]}
    lines += [
        "// What every instruction has; "
        "wait[u] is the number of instructions of unit u that must have ended.",
        "struct Common {",
    ]
    lines += [
        "  std::array<uint32_t, kUnitCount> wait{};",
        "  uint32_t read_banks = 0;",
        "  uint32_t write_banks = 0;",
        "  uint32_t accumulator_banks = 0;",
    ]
    lines += ["  bool operator==(const Common&) const = default;", "};", ""]
    lines += [
        "template <class C, class V>",
        "  requires std::same_as<std::remove_const_t<C>, Common>",
        "[[gnu::always_inline]] inline void for_each_field(C& c, V&& visit) {",
    ]
    for f in spec["common"][1:]:
        target = (
            f"c.wait[{[u['name'] for u in units].index(f['name'][5:])}]"
            if f["name"].startswith("wait_")
            else f"c.{f['name']}"
        )
        lines += [f"  visit({field_info('Common', f)}, {target});"]
    lines += ["}", ""]
    assert common["opcode"]["lsb"] == 0
    for i in spec["instruction"]:
        lines += instruction_struct(i) + visitor(i) + legality(i, hw)
    kinds = ", ".join(camel(i["name"]) for i in spec["instruction"])
    lines += [f"using Instruction = std::variant<{kinds}>;", "", "}  // namespace zahl::isa", ""]
    return "\n".join(lines)


def presets(machines: dict, memories: dict) -> str:
    """Name and TOML text of each preset, as initialisers of an array of pairs."""
    lines = ["// Made by isa/generate.py from isa/presets. Edit those."]
    for constant, group in (("kMachinePresets", machines), ("kMemoryPresets", memories)):
        lines += [
            "inline constexpr std::array<std::pair<std::string_view, std::string_view>, "
            f"{len(group)}> {constant} = {{{{"
        ]
        for name, values in group.items():
            text = "".join(f"{k} = {v}\\n" for k, v in values.items())
            lines += [f'    {{"{name}", "{text}"}},']
        lines += ["}};"]
    return "\n".join(lines) + "\n"
