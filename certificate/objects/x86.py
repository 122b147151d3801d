"""Which x86-64 instructions an integer datapath may hold.

Everything not listed is refused, so that nothing slips through.
"""

import re

_CONDITION = "(o|no|b|ae|e|ne|be|a|s|ns|p|np|l|ge|le|g)"

# Group: what its instructions do to data, and their mnemonics (Intel syntax) as regular
# expressions.
GROUPS = {
    "general": (
        "integers in general registers, jumps and calls",
        r"mov|movabs|movzx|movsx|movsxd|lea|push|pop|xchg|cmpxchg|xadd|bswap|cdqe|cwde|cdq|cqo|add"
        r"|adc|sub|sbb|inc|dec|neg|not|and|or|xor|cmp|test|imul|mul"
        r"|idiv|div|sh[lr]d?|sa[lr]|ro[lr]|rcr|rcl|bt|bts|btr|btc|bsf|bsr|tzcnt|lzcnt|popcnt|andn"
        r"|bextr|blsr|blsi|blsmsk|bzhi|mulx|pdep|pext|sarx|shlx|shrx|rorx"
        r"|jmp|call|ret|leave|nop|endbr64|ud2|int3|hlt|cpuid|xgetbv|movs|stos|scas|cmps|lods|cld"
        r"|pause|j(rcxz|ecxz)|data16"
        rf"|j{_CONDITION}|set{_CONDITION}|cmov{_CONDITION}",
    ),
    "integer vectors": (
        "integers in vector registers",
        r"v?padd(us|s)?[bwdq]|v?psub(us|s)?[bwdq]|v?pmull[wdq]|v?pmulh(u|rs)?w|v?pmuldq|v?pmuludq"
        r"|v?pmaddwd|v?pmaddubsw|vpdp(busds?|wssds?)|v?pabs[bwdq]"
        r"|v?psign[bwd]|v?psadbw|v?pavg[bw]|v?p(min|max)[su][bwdq]|v?p(and|andn|or|xor)[dq]?"
        r"|vpternlog[dq]|v?ps(ll|rl|ra)v?[wdq]|v?ps[lr]ldq|vpsh[lr]dv?[wdq]"
        r"|vpro[lr]v?[dq]|v?pcmp(eq|gt)[bwdq]|vpcmp(eq|neq|lt|le|nlt|nle|gt)?u?[bwdq]"
        r"|vptestn?m[bwdq]|v?ptest|vplzcnt[dq]|vpopcnt[bwdq]|v?phadd[wd]|v?phsub[wd]",
    ),
    "integer vector moves": (
        "bytes and words of integers to other places",
        r"v?movdqa(32|64)?|v?movdqu(8|16|32|64)?|v?movd|v?movq|v?movntdqa?|v?lddqu|vmovntdq"
        r"|v?punpck[lh](bw|wd|dq|qdq)|v?pack[su]s(wb|dw)|v?pshuf(b|d|w|hw|lw)"
        r"|v?palignr|valign[dq]|vpbroadcast(m?[bwdq]|mb2q|mw2d)|vbroadcasti[0-9x]+"
        r"|vperm(b|w|d|q|[it]2[bwdq]|2i128)|v?pblend(vb|w|d|m[bwdq])|v?p(extr|insr)[bwdq]"
        r"|vextracti[0-9x]+|vinserti[0-9x]+|vp(compress|expand|gather[dq]|scatter[dq])[bwdq]"
        r"|v?pmovmskb|v?pmov[sz]x(bw|bd|bq|wd|wq|dq)|vpmovu?s?(qb|qw|qd|db|dw|wb)"
        r"|vpmov([bwdq]2m|m2[bwdq])|vshufi[0-9x]+|vpmaskmov[dq]|vzeroupper|vzeroall",
    ),
    "masks": (
        "one bit an element",
        r"k(mov|or|and|andn|xor|xnor|not|ortest|test|add|shift[lr]|unpck)[a-z]+",
    ),
    # The compiler copies and zeroes structures of integers with these. They move bits as they are:
    # no rounding, no comparison, no exception, no dependence on MXCSR, whatever their names say.
    "bit moves": (
        "16 to 64 bytes or halves of them, unchanged, under names of the float domain",
        r"v?mov[au]p[sd]|v?mov[hl]p[sd]|v?mov(hl|lh)ps|v?shufp[sd]|v?unpck[hl]p[sd]",
    ),
}
# The witness sets which exceptions stop the program; nobody else may.
WITNESS_ONLY = re.compile(r"v?ldmxcsr|v?stmxcsr|fn?stcw|fldcw|fn?clex|fnop|fwait")
WITNESS_FUNCTION = re.compile(
    r"zahl::sim::(Witness|witness)|zahl::sim::\(anonymous namespace\)::witness_"
)

_COMPILED = {group: re.compile(f"({pattern})$") for group, (_, pattern) in GROUPS.items()}
_PREFIXES = {
    "rep",
    "repz",
    "repnz",
    "lock",
    "notrack",
    "bnd",
    "cs",
    "ds",
    "es",
    "ss",
    "data16",
    "addr32",
    "rex.w",
    "rex",
}
_FLOAT = re.compile(
    r"v?(add|sub|mul|div|sqrt|min|max|cmp\w*|rcp\w*|rsqrt\w*|round\w*|hadd|hsub|addsub|dp"
    r"|and|andn|or|xor|mov)(s[sdh]|p[sdh])$"
    r"|v?cvt|v?u?comis|vf(n?m)|vfpclass|vgetexp"
    r"|vgetmant|vscalef|vrndscale|vreduce|vrange|vfixup|vblendmp|v?blendv?p|v?insertps|v?extractps"
    r"|vbroadcast(s|f)|vpermilp|vperm[it]?2?p|f[a-z0-9]+$|vdpbf16|tdpbf16"
)


def mnemonic(text: str) -> str:
    """Of an instruction as objdump prints it, without prefixes such as rep and lock."""
    words = text.split()
    while len(words) > 1 and words[0] in _PREFIXES:
        words = words[1:]
    return words[0] if words else ""


def group_of(text: str) -> str | None:
    """The group that allows an instruction, or None."""
    name = mnemonic(text)
    if name in _PREFIXES:
        return "general"  # padding between functions
    return next((group for group, pattern in _COMPILED.items() if pattern.match(name)), None)


def is_float(text: str) -> bool:
    """Whether it computes, compares or converts floats:
    only to say what a refused instruction is."""
    name = mnemonic(text)
    return (
        group_of(text) is None
        and WITNESS_ONLY.fullmatch(name) is None
        and _FLOAT.match(name) is not None
    )
