"""What a lemma is and how one is decided."""

import dataclasses
import pathlib
import re
from collections.abc import Callable

from report import ProveError
from symbolic import Machine, Netlist
from terms import Products, extract, is_satisfiable, prove


@dataclasses.dataclass
class Question:
    """A claim about terms, what is assumed, and the terms that tell a counterexample
    (name to (term, is_signed))."""

    claim: object
    watch: dict
    assumptions: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Context:
    """What a lemma may ask for while it is built:
    machines of its modules, numbers of the instruction set."""

    netlists: dict[str, Netlist]
    products: Products
    source: pathlib.Path
    folder: pathlib.Path  # where netlists and compiled sources are
    isa: dict

    def machine(self, module: str, prefix: str = "") -> Machine:
        return Machine(self.netlists[module], self.products, prefix)

    def ports(self, module: str) -> dict[str, int]:
        netlist = self.netlists[module]
        return {port: len(bits) for port, bits in {**netlist.inputs, **netlist.outputs}.items()}

    def field(self, instruction: str, name: str) -> tuple[int, int]:
        """(lowest bit, bits) of a field of an instruction."""
        fields = self.isa["COMMON"] + self.isa["INSTRUCTIONS"][instruction]["fields"]
        found = next(field for field in fields if field["name"] == name)
        return found["lsb"], found["bits"]

    def width_of(self, kind: str, high: str) -> int:
        """Bits of a member: a plain `logic`, or a field's type of the generated package."""
        if kind == "logic" and (high or "0").isdigit():
            return int(high or "0") + 1
        owners = {"common": self.isa["COMMON"]}
        owners |= {name: i["fields"] for name, i in self.isa["INSTRUCTIONS"].items()}
        for owner, fields in owners.items():
            for field in fields:
                if kind == f"{owner}_{field['name']}_t":
                    return field["bits"]
        raise ProveError(f"the width of {kind} [{high}:0] is not known")

    def part(self, package: str, struct: str, name: str, term):
        """A member of a packed struct; those below it have widths in plain numbers or are copies of
        instruction fields."""
        path = next((self.source / "rtl").glob(f"*/{package}.sv"))
        body = re.search(r"typedef struct packed \{([^}]*)\} " + struct + ";", path.read_text())
        if body is None:
            raise ProveError(f"{path}: there is no packed struct {struct}")
        low = 0
        members = re.findall(r"^\s*(\w+)(?: signed)?\s*(?:\[(.*)\])?\s*(\w+);", body[1], re.M)
        for kind, width, member in reversed(members):
            bits = self.width_of(kind, width.removesuffix(":0"))
            if member == name:
                return extract(term, low + bits - 1, low)
            low += bits
        raise ProveError(f"{path}: {struct} has no member {name} that a lemma can find")


@dataclasses.dataclass
class Lemma:
    """`build` makes the question; `statement` is what is proved, as the documentation says it."""

    name: str
    statement: str
    modules: list[str]
    build: Callable[[Context], Question]
    limit_seconds: float = 900
    is_odd: bool = False  # abstract products are odd in the narrower operand


def decide(
    lemma: Lemma,
    netlists: dict[str, Netlist],
    source: pathlib.Path,
    folder: pathlib.Path,
    isa: dict,
) -> dict:
    """First with products as an uninterpreted function;
    where that is not enough, with products as they are."""
    seconds = 0.0
    for is_abstract in (True, False):
        products = Products(is_abstract, lemma.is_odd)
        question = lemma.build(Context(netlists, products, source, folder, isa))
        assumptions = question.assumptions + products.bounds
        proof = prove(question.claim, assumptions, question.watch, lemma.limit_seconds)
        seconds += proof.seconds
        if proof.outcome != "refuted" or products.count == 0:
            break
    meaning = (
        "none"
        if products.count == 0
        else "uninterpreted within their bounds"
        if is_abstract
        else "exact"
    )
    holds, how = proof.holds, "proved for all inputs and states" if proof.holds else proof.outcome
    if holds and question.assumptions and not is_satisfiable(question.assumptions):
        holds, how = False, "the assumptions contradict each other"
    detail = f"{how} ({seconds:.1f} s)"
    if proof.model:
        detail = "counterexample: " + ", ".join(
            f"{name} = {value}" for name, value in proof.model.items()
        )
    evidence = {
        "statement": lemma.statement,
        "modules": lemma.modules,
        "products": meaning,
        "outcome": proof.outcome,
        "solver_seconds": round(seconds, 2),
    }
    if proof.model:
        evidence["counterexample"] = proof.model
    return {"name": lemma.name, "holds": holds, "detail": detail, "evidence": evidence}
