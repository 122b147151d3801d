"""What can be reached from a set of functions, over all references of their object files.

A reference is any relocation or direct jump in a function's body: calls, addresses taken, virtual
tables, tables of functions. So an indirect call is covered if its target's address is taken
anywhere in what is reached; a target whose address is only ever taken outside (by a library that
was handed it) is not.
"""

import re

from objects import Function, data_references, demangle, disassemble, symbols_of

# Symbols that are no functions of ours, by what they are for. A datapath may use the first ones;
# scheduling is for the units.
EXTERNAL = {
    "bytes": r"mem(cpy|move|set|cmp|chr)|strlen|strcmp|__(mem\w+)_chk",
    "allocation": r"operator (new|delete)|free|malloc|realloc|aligned_alloc|mmap|mmap64|munmap",
    "exceptions": r"__cxa_|_Unwind_|__gxx_personality|__dynamic_cast|DW\.ref\."
    r"|std::(__throw_|terminate|\w+_error\b|out_of_range)"
    r"|std::(invalid_argument|exception|bad_)|(typeinfo|vtable)( name)? for (std::|__cxxabiv1::)",
    "process": r"__dso_handle|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|getenv|__cpu_|__tls_get_addr"
    r"|std::ios_base::Init|atexit|abort|__assert_fail|pthread_",
}
SCHEDULING = {
    "SystemC": r"((typeinfo|vtable|VTT|construction vtable)( name)? for |(non-)?virtual thunk to )?"
    r"(sc_core|sc_dt|tlm)::",
    "messages": r"fmt::|std::(basic_)?(ostream|string)|std::__cxx11::",
    "witness": r"dladdr|sigaction|_exit|write|v?snprintf|__v?snprintf_chk",
}
TAKES_FLOAT = re.compile(r"\b(double|float|_Float16|__bf16|long double)\b")


def kind_of_external(name: str, patterns: dict[str, str]) -> str | None:
    return next((kind for kind, pattern in patterns.items() if re.match(pattern, name)), None)


class Program:
    """Functions of several object files. A local symbol is known by its file."""

    def __init__(self, objects: dict[str, object]):
        """`objects`: name to path."""
        self.functions: dict[tuple[str, str], Function] = {}
        self.by_symbol: dict[str, list[tuple[str, str]]] = {}
        self.data: dict[tuple[str, str], set[str]] = {}
        self.data_by_symbol: dict[str, list[tuple[str, str]]] = {}
        self.sections: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for name, path in objects.items():
            for function in disassemble(path, name):
                key = (name, function.symbol)
                self.functions[key] = function
                self.by_symbol.setdefault(function.symbol, []).append(key)
                self.sections.setdefault((name, function.section), []).append(key)
            places = {
                (f.section, f.address): f
                for (place, _), f in self.functions.items()
                if place == name
            }
            for symbol, section, address in symbols_of(path):
                key = (name, symbol)
                if (
                    key not in self.functions and (section, address) in places
                ):  # a second name, as constructors have
                    self.functions[key] = places[section, address]
                    self.by_symbol.setdefault(symbol, []).append(key)
            for symbol, targets in data_references(path).items():
                self.data[name, symbol] = targets
                self.data_by_symbol.setdefault(symbol, []).append((name, symbol))
        symbols = {symbol for _, symbol in self.functions} | {
            r for f in self.functions.values() for r in f.references
        }
        symbols |= {target for targets in self.data.values() for target in targets}
        self.names = demangle(symbols)

    def name(self, symbol: str) -> str:
        return self.names.get(symbol, symbol)

    def reach(
        self, roots: set[tuple[str, str]]
    ) -> tuple[dict[tuple[str, str], tuple[str, str] | None], dict[str, tuple[str, str]]]:
        """Functions reached, each with the one that refers to it, and external symbols likewise."""
        reached, external, seen_data, todo = {}, {}, set(), [(key, None) for key in sorted(roots)]
        while todo:
            key, user = todo.pop()
            if key in reached:
                continue
            reached[key] = user
            place = key[0]
            references = [(place, reference) for reference in self.functions[key].references]
            while references:
                where, reference = references.pop()
                if where_to := self._functions(where, reference):
                    todo += [(target, key) for target in where_to]
                elif tables := self._data(where, reference):
                    for table in tables:
                        if table not in seen_data:
                            seen_data.add(table)
                            references += [(table[0], target) for target in self.data[table]]
                elif not re.match(r"\.(LC|L|rodata|data|bss|tbss|text|gcc_except)", reference):
                    external.setdefault(reference, key)
        return reached, external

    def chain(self, reached: dict, key: tuple[str, str] | None) -> str:
        """How a function is reached, from an entry point on."""
        names = []
        while key is not None and len(names) < 6:
            names.append(self.name(key[1]).split("(")[0])
            key = reached[key]
        return " > ".join(reversed(names))

    def _functions(self, place: str, symbol: str) -> list[tuple[str, str]]:
        if (place, symbol) in self.functions:
            return [(place, symbol)]
        if symbol.startswith("."):
            return self.sections.get((place, symbol), [])
        return self.by_symbol.get(symbol, [])

    def _data(self, place: str, symbol: str) -> list[tuple[str, str]]:
        if (place, symbol) in self.data:
            return [(place, symbol)]
        return [] if symbol.startswith(".") else self.data_by_symbol.get(symbol, [])
