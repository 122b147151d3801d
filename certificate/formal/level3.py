"""Level 3 of the certificate: the RTL holds integers only, and it and the C++ datapath compute
docs/arithmetic.md.

1. Netlist: the elaborated zahl_top has integer cells only, no black box, no module from elsewhere;
   the sources have no real type and no DPI.
2. Lemmas: each arithmetic module equals a specification written from docs/arithmetic.md, for all
   inputs and states, by SMT (Yosys and slang to terms, bitwuzla).
3. The C++ datapath against the same specification, and what is decided by trying all inputs
   (--without-cpp leaves it out).

docs/certificate_rtl.md says what follows from them. Results are kept by hash in build/prove; a
second run takes seconds.
"""

import concurrent.futures
import multiprocessing
import pathlib
import runpy
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cells
import lemmas_cpp
import netlist
import types_scan
from cache import Cache, content, default_folder
from report import ROOT, ProveError, Report, digest, parser, run_main

TITLE = "RTL and datapath equal the arithmetic"
EXAMPLES = """  level3.py --json level3.json
  level3.py --config wide32 --only requantizer
  level3.py --source ../another_tree --no-cache
"""
HERE = pathlib.Path(__file__).resolve().parent
METHOD = [
    "lemma",
    "llvm_terms",
    "netlist",
    "spec",
    "symbolic",
    "terms",
]  # what a lemma's result depends on besides its sources
LEMMA_FILES = ["lemmas_post", "lemmas_array", "lemmas_softmax", "lemmas_cpp"]


def all_lemmas() -> list:
    import importlib

    return [lemma for name in LEMMA_FILES for lemma in importlib.import_module(name).LEMMAS]


def load_isa(source: pathlib.Path, folder: pathlib.Path) -> dict:
    out = folder / "isa_constants.py"
    subprocess.run(
        [sys.executable, "-B", str(source / "isa/generate.py"), "python", str(out)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    names = runpy.run_path(str(out))
    return {name: names[name] for name in ("COMMON", "INSTRUCTIONS", "ENUMS", "INSTRUCTION_BYTES")}


def decide_here(name: str, source: str, folder: str, isa: dict) -> dict:
    """In a process of its own: decides the lemma of this name on the netlists in `folder`."""
    from lemma import decide
    from symbolic import Netlist

    found = next(lemma for lemma in all_lemmas() if lemma.name == name)
    netlists = {
        module: Netlist(path, module)
        for module in found.modules
        if (path := pathlib.Path(folder) / f"{module}.json").exists()
    }
    return decide(found, netlists, pathlib.Path(source), pathlib.Path(folder), isa)


def check_netlist(
    report: Report, source: pathlib.Path, package: pathlib.Path, folder: pathlib.Path, config: str
) -> None:
    files = netlist.sources_of(source, "zahl_top", package)
    report.hash_files(files, source)
    types = types_scan.scan("zahl_top", files, source)
    text = "; ".join(types["faults"][:5]) or (
        f"no real, no time, no DPI, no unknown module among {types['looked_at']} typed "
        "declarations and expressions"
    )
    report.add(
        "types of the sources",
        not types["faults"],
        text,
        faults=types["faults"],
        looked_at=types["looked_at"],
    )
    design = folder / "design.json"
    error = netlist.elaborate("design", "zahl_top", files, design, source)
    if error:
        report.add("netlist", False, f"it does not elaborate: {error}", faults=[error])
        return
    judged = cells.judge(design, "zahl_top", netlist.all_sources(source))
    total = sum(judged["cells"].values())
    summary = (
        f"zahl_top of {config}: {total} cells of {len(judged['cells'])} types, all integer; "
        f"{len(judged['instances']) + 1} modules, no black box"
    )
    report.add(
        "netlist",
        not judged["faults"],
        "; ".join(judged["faults"][:5]) or summary,
        **judged,
        allowed=cells.ALLOWED_CELLS,
    )


def prepare(
    lemmas: list, source: pathlib.Path, package: pathlib.Path, folder: pathlib.Path
) -> tuple[dict[str, str], dict[str, str]]:
    """Elaborates the modules of the lemmas; returns the hash of each module's sources,
    and what does not elaborate."""
    hashes, errors = {}, {}
    for module in sorted({module for lemma in lemmas for module in lemma.modules}):
        if module == lemmas_cpp.DATAPATH:
            hashes[module] = lemmas_cpp.compile_to_llvm(source, folder)
            continue
        files = netlist.sources_of(source, module, package)
        hashes[module] = content(files)
        if error := netlist.elaborate("module", module, files, folder / f"{module}.json", source):
            errors[module] = error
    return hashes, errors


def tool_versions() -> dict[str, str]:
    import bitwuzla

    return {
        "bitwuzla": bitwuzla.version(),
        "pyosys": netlist.yosys_version(),
        "pyslang": types_scan.slang_version(),
        "clang": lemmas_cpp.compiler_version(),
    }


def check_lemmas(
    report: Report,
    arguments,
    lemmas: list,
    source: pathlib.Path,
    package: pathlib.Path,
    folder: pathlib.Path,
    isa: dict,
) -> None:
    hashes, errors = prepare(lemmas, source, package, folder)
    method = content([HERE / f"{name}.py" for name in (*METHOD, *LEMMA_FILES)])
    cache = Cache(arguments.cache, not arguments.no_cache)
    keys, waiting, results = {}, [], {}
    for lemma in lemmas:
        keys[lemma.name] = digest(
            lemma.name,
            method,
            *report.tools.values(),
            *(hashes[module] for module in lemma.modules),
        )
        broken = [errors[module] for module in lemma.modules if module in errors]
        if broken:
            results[lemma.name] = {
                "holds": False,
                "detail": f"it does not elaborate: {broken[0]}",
                "evidence": {},
            }
        elif found := cache.get(keys[lemma.name]):
            results[lemma.name] = {
                **found,
                "detail": f"{found['detail']}, kept in {arguments.cache.name}",
            }
        else:
            waiting.append(lemma)
    # A process for each lemma: the solver's terms live as long as it does.
    with concurrent.futures.ProcessPoolExecutor(
        arguments.jobs, multiprocessing.get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        futures = {
            lemma.name: pool.submit(decide_here, lemma.name, str(source), str(folder), isa)
            for lemma in waiting
        }
        for lemma in lemmas:
            if lemma.name in futures:
                try:
                    results[lemma.name] = futures[lemma.name].result()
                    cache.put(keys[lemma.name], results[lemma.name])
                except ProveError as error:
                    results[lemma.name] = {"holds": False, "detail": str(error), "evidence": {}}
            result = results[lemma.name]
            report.add(lemma.name, result["holds"], result["detail"], **result["evidence"])


def check_numbers(
    report: Report, arguments, wanted: list, source: pathlib.Path, folder: pathlib.Path
) -> None:
    cache = Cache(arguments.cache, not arguments.no_cache)
    sources = content(lemmas_cpp.number_sources(source))
    keys = {
        name: digest(name, *numbers, sources, kernel_set_of_host()) for name, numbers, _ in wanted
    }
    kept = {name: cache.get(key) for name, key in keys.items()}
    lemmas_cpp.compile_to_llvm(source, folder)  # the header of the instruction set
    program = lemmas_cpp.build_numbers(source, folder) if None in kept.values() else None
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {
            name: pool.submit(lemmas_cpp.run_numbers, str(program), name, numbers, text)
            for name, numbers, text in wanted
            if kept[name] is None
        }
        for name, _, _ in wanted:
            result = kept[name] or futures[name].result()
            cache.put(keys[name], result)
            report.add(
                name,
                result["holds"],
                result["detail"] + (f", kept in {arguments.cache.name}" if kept[name] else ""),
                **result["evidence"],
            )


def kernel_set_of_host() -> str:
    """Which vector kernels a run compares depends on the processor."""
    flags = pathlib.Path("/proc/cpuinfo")
    return "avx512" if flags.exists() and " avx512_vnni" in flags.read_text() else "scalar"


def main() -> int:
    options = parser(__doc__, EXAMPLES)
    options.add_argument("--config", default="edge16", help="machine preset (default edge16)")
    options.add_argument(
        "--source",
        default=ROOT,
        type=pathlib.Path,
        help="root of the tree to prove (default: this one)",
    )
    options.add_argument(
        "--only",
        action="append",
        metavar="TEXT",
        help="netlist, the lemma of this name, or those whose name contains TEXT; may be repeated",
    )
    options.add_argument(
        "--without-cpp",
        action="store_true",
        help="leave the C++ datapath and the exhaustive runs out",
    )
    options.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    options.add_argument(
        "--cache",
        type=pathlib.Path,
        default=default_folder(),
        help="folder of kept results (default: %(default)s)",
    )
    options.add_argument("--no-cache", action="store_true", help="prove all anew")
    arguments = options.parse_args()
    source = arguments.source.resolve()
    names = [lemma.name for lemma in all_lemmas()] + [entry[0] for entry in lemmas_cpp.NUMBERS]
    wanted = {
        name
        for name in names
        if not arguments.only
        or any(text == name or text in name and text not in names for text in arguments.only)
    }
    numbers = [entry for entry in lemmas_cpp.NUMBERS if entry[0] in wanted]
    lemmas = [lemma for lemma in all_lemmas() if lemma.name in wanted]
    if arguments.without_cpp:
        lemmas, numbers = [lemma for lemma in lemmas if lemma.modules != [lemmas_cpp.DATAPATH]], []
    report = Report(3, TITLE)
    report.tools = tool_versions()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        package = netlist.generate_package(source, arguments.config, folder)
        isa = load_isa(source, folder)
        if not arguments.only or "netlist" in arguments.only:
            check_netlist(report, source, package, folder, arguments.config)
        if lemmas:
            check_lemmas(report, arguments, lemmas, source, package, folder, isa)
        if numbers:
            check_numbers(report, arguments, numbers, source, folder)
    if not report.checks:
        raise ProveError(
            f"no lemma's name contains {' or '.join(arguments.only)}; there are: netlist, "
            f"{', '.join(names)}"
        )
    return report.finish(arguments.json)


if __name__ == "__main__":
    run_main(main)
