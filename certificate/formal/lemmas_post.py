"""The requantizer, the lane of eltwise and the tables against docs/arithmetic.md."""

import spec
from bitwuzla import Kind
from lemma import Context, Lemma, Question
from spec import Integer, choose
from terms import conjunction, const, equal, extend, extract, fresh, is_set, op


def inputs(widths: dict[str, int]) -> dict:
    return {name: fresh(name, bits) for name, bits in widths.items()}


def requantizer(rounding: str):
    def build(context: Context) -> Question:
        x = inputs(
            {
                "accumulator": 32,
                "bias": 32,
                "wide": 1,
                "product": 41,
                "m0": 31,
                "shift": 6,
                "zero_point": 8,
                "low": 8,
                "high": 8,
            }
        )
        code = context.isa["ENUMS"]["rounding"][rounding]
        module = context.machine("zahl_requantizer")
        # All other inputs, among them the enables of the stages that this value is not in, may be
        # anything: others follow in the pipeline.
        module.step(
            add_i=1,
            accumulator_i=x["accumulator"],
            bias_i=x["bias"],
            wide_i=x["wide"],
            product_i=x["product"],
        )
        module.step(multiply_i=1, m0_i=x["m0"], shift_i=x["shift"], rounding_i=code)
        module.step(
            round_i=1,
            shift_i=x["shift"],
            rounding_i=code,
            zero_point_i=x["zero_point"],
            low_i=x["low"],
            high_i=x["high"],
        )
        result = module.step(round_i=0)["result_o"]
        held = module.step()["result_o"]
        value = Integer(op(Kind.BV_ADD, x["accumulator"], x["bias"]))  # wraps at 32 bits
        exact = spec.multiply(context.products, value, Integer.natural(x["m0"]), b_is_natural=True)
        product = choose(is_set(x["wide"]), Integer(x["product"]), exact)
        bounds = [Integer(x[name]) for name in ("zero_point", "low", "high")]
        expected = spec.requantize(rounding, product, Integer.natural(x["shift"]), *bounds)
        signed = {"accumulator", "bias", "product", "zero_point", "low", "high"}
        watch = {name: (term, name in signed) for name, term in x.items()}
        watch |= {"result_o": (result, True), "specification": (expected.term, True)}
        claim = conjunction([Integer(result).equals(expected), equal(held, result)])
        return Question(claim, watch)

    return build


LANE = {
    "a": 8,
    "b": 8,
    "a_zero": 8,
    "b_zero": 8,
    "a_m0": 31,
    "b_m0": 31,
    "a_shift": 5,
    "b_shift": 5,
}


def lane(operation: str, is_exact: bool):
    def build(context: Context) -> Question:
        x = inputs(LANE)
        module = context.machine("zahl_eltwise_lane")
        constant = {f"{name}_i": x[name] for name in LANE if name not in ("a", "b")}
        constant |= {
            "operation_i": context.isa["ENUMS"]["eltwise_op"][operation],
            "is_exact_i": int(is_exact),
        }
        module.step(subtract_i=1, a_i=x["a"], b_i=x["b"], **constant)
        module.step(multiply_i=1, **constant)
        out = module.step(scale_i=1, **constant)
        qa = (Integer(x["a"]) - Integer(x["a_zero"])).wrapped(9)  # -255 .. 255
        qb = (Integer(x["b"]) - Integer(x["b_zero"])).wrapped(9)
        zero = Integer.of(0)
        accumulator, bias, product = zero, zero, zero
        if operation == "mul":
            accumulator = spec.multiply(context.products, qa, qb)
        else:
            a = spec.multiply(context.products, qa, Integer.natural(x["a_m0"]), b_is_natural=True)
            b = spec.multiply(context.products, qb, Integer.natural(x["b_m0"]), b_is_natural=True)
            sign = -1 if operation == "sub" else 1
            if is_exact:
                product = a - b if sign < 0 else a + b
            else:
                accumulator = spec.eltwise_operand(a, Integer.natural(x["a_shift"]))
                bias = spec.eltwise_operand(b, Integer.natural(x["b_shift"]))
                bias = -bias if sign < 0 else bias
        pairs = {"accumulator": accumulator, "bias": bias, "product": product}
        claim = conjunction(
            [Integer(out[f"{name}_o"]).equals(value) for name, value in pairs.items()]
        )
        watch = {name: (term, name in ("a", "b", "a_zero", "b_zero")) for name, term in x.items()}
        for name, value in pairs.items():
            watch |= {
                f"{name}_o": (out[f"{name}_o"], True),
                f"specified {name}": (value.term, True),
            }
        return Question(claim, watch)

    return build


def instruction_word(context: Context, instruction: str, **fields):
    """An instruction with these fields (terms or numbers); all others may be anything."""
    word = fresh("instruction", 8 * context.isa["INSTRUCTION_BYTES"])
    for name, value in fields.items():
        low, bits = context.field(instruction, name)
        value = const(value, bits) if isinstance(value, int) else extend(value, bits, False)
        parts = [value] + ([extract(word, low - 1, 0)] if low else [])
        word = op(
            Kind.BV_CONCAT,
            extract(word, 8 * context.isa["INSTRUCTION_BYTES"] - 1, low + bits),
            *parts,
        )
    return word


def tables(context: Context) -> Question:
    """Both slots are filled one after the other, from any state; then all lanes look up."""
    ports = context.ports("zahl_table")
    line_bytes, lanes = ports["data_i"] // 8, ports["index_i"] // 8
    lines = 256 // line_bytes
    module = context.machine("zahl_table")
    module.step(rst_ni=0, start_i=0)
    claims, contents = [], []
    for slot in (0, 1):
        source = fresh(f"source{slot}", 24)
        word = instruction_word(context, "set_table", slot=slot, source=source)
        module.step(rst_ni=1, start_i=1, instruction_i=word)
        data = [fresh(f"table{slot}_line{line}", 8 * line_bytes) for line in range(lines)]
        for cycle in range(1, lines + 3):  # s + 1 .. s + N + 2
            arrived = data[cycle - 2] if 2 <= cycle <= lines + 1 else None
            out = module.step(rst_ni=1, start_i=0, data_i=arrived)
            claims.append(equal(out["end_o"], const(int(cycle == lines + 2), 1)))
            valid = context.part("zahl_base_pkg", "read_request_t", "valid", out["read_o"])
            claims.append(equal(valid, const(int(cycle <= lines), 1)))
            if cycle <= lines:
                address = context.part("zahl_base_pkg", "read_request_t", "address", out["read_o"])
                offset = op(Kind.BV_ADD, source, const((cycle - 1) * line_bytes, 24))
                claims.append(equal(extract(address, 23, 0), offset))
        contents += [extract(line, 8 * i + 7, 8 * i) for line in data for i in range(line_bytes)]
    x = inputs({"index": 8 * lanes, "use_table": 1, "slot": 1})
    module.step(
        rst_ni=1,
        start_i=0,
        look_up_i=1,
        index_i=x["index"],
        use_table_i=x["use_table"],
        slot_i=x["slot"],
    )
    result = module.step(rst_ni=1, start_i=0)["result_o"]
    for i in range(lanes):
        byte = extract(x["index"], 8 * i + 7, 8 * i)
        entry = extend((Integer(byte) + Integer.of(128)).term, 8, False)  # v + 128, 0 .. 255
        looked_up = spec.select(op(Kind.BV_CONCAT, x["slot"], entry), contents)
        claims.append(
            equal(
                extract(result, 8 * i + 7, 8 * i),
                op(Kind.ITE, is_set(x["use_table"]), looked_up, byte),
            )
        )
    watch = {name: (term, False) for name, term in x.items()} | {"result_o": (result, False)}
    return Question(conjunction(claims), watch)


FORMULAS = {
    "mul": "accumulator = qa * qb, bias = product = 0",
    "exact": "product = qa * a_m0 {} qb * b_m0, accumulator = bias = 0",
    "tfl": "accumulator = tfl_double(qa * 2^20, a_m0, 31 + a_shift), bias = {} the same of b, "
    "product = 0",
}

LEMMAS = [
    Lemma(
        f"requantizer {rounding}",
        f"zahl_requantizer, {rounding}: result_o three cycles after add_i is clamp(zero_point + "
        "round(p * 2^-shift), low, high) with p = wrap32(accumulator + bias) * m0, or the 41-bit "
        "product_i where wide_i; for all accumulators, biases, products, m0 (31 bits), "
        "shifts 0 .. 63, zero points and limits, any state before, and any values before and "
        "behind in the pipeline; the result holds while round_i is 0",
        ["zahl_requantizer"],
        requantizer(rounding),
    )
    for rounding in spec.ROUND
]
LEMMAS.append(
    Lemma(
        "eltwise lane mul",
        f"zahl_eltwise_lane, mul: {FORMULAS['mul']}; all bytes and zero points",
        ["zahl_eltwise_lane"],
        lane("mul", False),
    )
)
for _name, _sign in (("add", "+"), ("sub", "-")):
    for _key, _exact in (("exact", True), ("tfl", False)):
        LEMMAS.append(
            Lemma(
                f"eltwise lane {_name} {_key}",
                f"zahl_eltwise_lane, {_name}: {FORMULAS[_key].format(_sign)}; "
                "all bytes, zero points, m0 and shifts",
                ["zahl_eltwise_lane"],
                lane(_name, _exact),
            )
        )
LEMMAS.append(
    Lemma(
        "tables",
        "zahl_table: after set_table of both slots (each from any state, any source address, any "
        "256 bytes; reads, their addresses and end_o in the cycles of docs/machine.md) every lane "
        "gives entry v + 128 of the slot asked for, or v itself without use_table",
        ["zahl_table"],
        tables,
    )
)
