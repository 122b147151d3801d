"""The SystemVerilog package of one machine: parameters, delays, encodings, legality."""

from render_cpp import camel


def sv_rule(rule: str, instruction: dict, hw: dict) -> str:
    """Natural values: an encoded field plus its bias, as 32 bits."""
    fields = {f["name"]: f for f in instruction["fields"]}
    parameters = {p["name"] for p in hw["parameter"]}
    out = []
    for token in rule.replace("(", " ( ").replace(")", " ) ").split():
        if token in fields:
            bias = fields[token].get("bias", 0)
            extend = "32'(signed'" if fields[token].get("signed") else "signed'(32'"
            value = f"{extend}({instruction['name']}.{token}))"
            out.append(f"({value} + 32'sd{bias})" if bias else value)
        elif token in parameters:
            out.append(f"32'sd{hw['values'][token]}")
        elif token.isdigit():
            out.append(f"32'sd{token}")
        else:
            out.append({"and": "&&", "or": "||", "not": "!"}.get(token, token))
    return " ".join(out)


def field_type(owner: str, field: dict) -> str:
    return f"{owner}_{field['name']}_t"


def field_types(owner: str, fields: list[dict]) -> list[str]:
    """One type a field, for whoever keeps a copy of it; as stored, so a count may be minus 1."""
    return [
        f"  typedef logic {'signed ' if f.get('signed') else ''}[{f['bits'] - 1}:0] "
        f"{field_type(owner, f)};"
        for f in fields
    ] + [""]


def struct(spec: dict, instruction: dict) -> list[str]:
    lines = field_types(instruction["name"], instruction["fields"])
    lines += [f"  // {instruction['doc']}", "  typedef struct packed {"]
    reserved = spec["instruction_bits"] - instruction["used_bits"]
    lines += [f"    logic [{reserved - 1}:0] reserved;"]
    for owner, f in reversed(
        [("common", f) for f in spec["common"]]
        + [(instruction["name"], f) for f in instruction["fields"]]
    ):
        bias = " (stored minus 1)" if f.get("bias") else ""
        lines += [f"    {field_type(owner, f)} {f['name']};  // {f['doc']}{bias}"]
    return lines + [f"  }} {instruction['name']}_t;", ""]


def legality(spec: dict, hw: dict) -> list[str]:
    lines = [
        "  // Whether dispatch accepts the word.",
        "  function automatic logic "
        f"is_legal(input logic [{spec['instruction_bits'] - 1}:0] word);",
    ]
    for i in spec["instruction"]:
        lines += [f"    {i['name']}_t {i['name']};"]
    lines += ["    common_t common;", "    logic banks_exist;", "    logic legal;"]
    for i in spec["instruction"]:
        lines += [f"    {i['name']} = {i['name']}_t'(word);"]
    lines += ["    common = common_t'(word);"]
    checks = []
    for field, parameter in (
        ("read_banks", "scratchpad_banks"),
        ("write_banks", "scratchpad_banks"),
        ("accumulator_banks", "accumulator_banks"),
    ):
        bits = next(f["bits"] for f in spec["common"] if f["name"] == field)
        if bits > hw["values"][parameter]:
            checks.append(f"common.{field}[{bits - 1}:{hw['values'][parameter]}] == '0")
    lines += [f"    banks_exist = {' && '.join(checks) or '1'};", "    unique case (common.opcode)"]
    for i in spec["instruction"]:
        rules = [f"{i['name']}.reserved == '0"] + [
            f"({sv_rule(r, i, hw)})" for r in i.get("rules", [])
        ]
        lines += [f"      Opcode{camel(i['name'])}: legal = " + "\n          && ".join(rules) + ";"]
    lines += [
        "      default: legal = 1'b0;",
        "    endcase",
        "    return legal && banks_exist;",
        "  endfunction",
        "",
    ]
    return lines


def package(spec: dict, hw: dict, values: dict) -> str:
    hw = hw | {"values": values}
    lines = [
        "// Made by isa/generate.py from isa/isa.toml, isa/hw.toml and one preset. Edit those.",
        "/* verilator lint_off UNUSEDPARAM */",
        "package zahl_pkg;",
        "",
    ]
    for p in hw["parameter"]:
        lines += [
            f"  // {p['doc']}",
            f"  localparam int unsigned {camel(p['name'])} = {values[p['name']]};",
        ]
    lines += [""]
    for d in hw["delay"]:
        lines += [
            f"  // {d['doc']}",
            f"  localparam int unsigned {camel(d['name'])}Cycles = {d['cycles']};",
        ]
    lines += [
        "",
        f"  localparam int unsigned IsaVersion = {spec['version']};",
        f"  localparam int unsigned InstructionBits = {spec['instruction_bits']};",
        "",
    ]
    width = max(1, (len(spec["unit"]) - 1).bit_length())
    lines += [
        f"  localparam int unsigned UnitCount = {len(spec['unit'])};",
        f"  typedef enum logic [{width - 1}:0] {{",
    ]
    lines += [
        ",\n".join(
            f"    Unit{camel(u['name'])} = {width}'d{n}" for n, u in enumerate(spec["unit"])
        ),
        "  } unit_e;",
        "",
    ]
    for e in spec["enum"]:
        bits = max(1, max(v["value"] for v in e["values"]).bit_length())
        lines += [f"  // {e['doc']}", f"  typedef enum logic [{bits - 1}:0] {{"]
        lines += [
            ",\n".join(
                f"    {camel(e['name'])}{camel(v['name'])} = {bits}'d{v['value']}"
                for v in e["values"]
            ),
            f"  }} {e['name']}_e;",
            "",
        ]
    lines += [
        f"  localparam logic [7:0] Opcode{camel(i['name'])} = 8'h{i['opcode']:02x};"
        for i in spec["instruction"]
    ] + [""]
    lines += [
        f"  localparam logic [7:0] Register{camel(r['name'])} = 8'h{r['offset']:02x};"
        for r in spec["register"]
    ] + [""]
    lines += [f"  localparam int unsigned CounterCount = {len(spec['counter'])};"]
    lines += [
        f"  localparam int unsigned Counter{camel(c['name'])} = {n};"
        for n, c in enumerate(spec["counter"])
    ] + [""]
    common_bits = sum(f["bits"] for f in spec["common"])
    lines += field_types("common", spec["common"])
    lines += [
        "  // What every instruction has.",
        "  typedef struct packed {",
        f"    logic [{spec['instruction_bits'] - common_bits - 1}:0] rest;",
    ]
    lines += [
        f"    {field_type('common', f)} {f['name']};  // {f['doc']}"
        for f in reversed(spec["common"])
    ] + ["  } common_t;", ""]
    for i in spec["instruction"]:
        lines += struct(spec, i)
    lines += [
        "  // The unit that executes an opcode (load for an unknown one).",
        "  function automatic unit_e unit_of(input logic [7:0] opcode);",
        "    unique case (opcode)",
    ]
    lines += [
        f"      Opcode{camel(i['name'])}: return Unit{camel(i['unit'])};"
        for i in spec["instruction"]
    ]
    lines += ["      default: return UnitLoad;", "    endcase", "  endfunction", ""]
    lines += legality(spec, hw)
    return "\n".join(lines + ["endpackage", ""])
