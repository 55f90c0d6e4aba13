"""Systematic names of polymers by family: the name of a group and its SMILES go into the same place of a pattern.

Groups and patterns are SMILES fragments that begin and end at the atoms by which they are bonded. Rings have numbers of two
digits, distinct between a pattern and each of its groups, so that fragments can be put together as text.
"""

from __future__ import annotations

from collections.abc import Iterator

from polyid.chemistry.polyamide_names import polyamide_names

SOURCE_BASED = "source-based name"

# Names, the first of them the usual one, by fragment.
Names = dict[str, str]

_STEMS = {
    5: "pent", 6: "hex", 7: "hept", 8: "oct", 9: "non", 10: "dec", 11: "undec", 12: "dodec", 13: "tridec", 14: "tetradec",
    15: "pentadec", 16: "hexadec", 17: "heptadec", 18: "octadec", 19: "nonadec", 20: "eicos", 22: "docos",
}  # fmt: skip
_STEMS_OF_GROUPS = {1: "meth", 2: "eth", 3: "prop", 4: "but"} | _STEMS
_ALSO = {5: "amyl", 12: "lauryl", 14: "myristyl", 16: "cetyl", 18: "stearyl", 20: "icosyl", 22: "behenyl"}
ALKYLS: Names = {
    "C" * length: "; ".join(filter(None, [f"{stem}yl", f"n-{stem}yl" if length > 2 else "", _ALSO.get(length)]))
    for length, stem in _STEMS_OF_GROUPS.items()
} | {
    "C(C)C": "isopropyl; i-propyl; 2-propyl",
    "CC(C)C": "isobutyl; i-butyl; 2-methylpropyl",
    "C(C)CC": "sec-butyl; s-butyl; 1-methylpropyl",
    "C(C)(C)C": "tert-butyl; t-butyl; tertiary butyl; 1,1-dimethylethyl",
    "CC(C)(C)C": "neopentyl; 2,2-dimethylpropyl",
    "CCC(C)C": "isopentyl; isoamyl; 3-methylbutyl",
    "CCC(C)(C)C": "3,3-dimethylbutyl",
    "CC(CC)CCCC": "2-ethylhexyl; ethylhexyl",
    "C%10CCCC%10": "cyclopentyl",
    "C%10CCCCC%10": "cyclohexyl",
    "CC%10CCCCC%10": "cyclohexylmethyl",
    "C%10%11CC%12CC(C%10)CC(C%11)C%12": "1-adamantyl; adamantyl",
    "C%10CC%11CCC%10(C)C%11(C)C": "isobornyl",
    "c%10ccccc%10": "phenyl",
    "Cc%10ccccc%10": "benzyl",
    "CCc%10ccccc%10": "2-phenylethyl; phenethyl; phenylethyl",
}
ESTER_GROUPS: Names = ALKYLS | {
    "CC=C": "allyl",
    "CC%10CO%10": "glycidyl; 2,3-epoxypropyl",
    "CC%10CCCO%10": "tetrahydrofurfuryl",
    "Cc%10ccco%10": "furfuryl",
    "CCO": "2-hydroxyethyl; hydroxyethyl",
    "CC(C)O": "2-hydroxypropyl",
    "CCCO": "3-hydroxypropyl",
    "CCCCO": "4-hydroxybutyl",
    "CCOC": "2-methoxyethyl; methoxyethyl",
    "CCOCC": "2-ethoxyethyl; ethoxyethyl",
    "CCOCCCC": "2-butoxyethyl; butoxyethyl",
    "CCOc%10ccccc%10": "2-phenoxyethyl; phenoxyethyl",
    "CCN": "2-aminoethyl",
    "CCN(C)C": "2-(dimethylamino)ethyl; dimethylaminoethyl; N,N-dimethylaminoethyl; 2-(N,N-dimethylamino)ethyl",
    "CCN(CC)CC": "2-(diethylamino)ethyl; diethylaminoethyl; N,N-diethylaminoethyl; 2-(N,N-diethylamino)ethyl",
    "CCC#N": "2-cyanoethyl",
    "CCCl": "2-chloroethyl",
    "CC(F)(F)F": "2,2,2-trifluoroethyl; trifluoroethyl",
    "CC(F)(F)C(F)(F)F": "2,2,3,3,3-pentafluoropropyl; 1H,1H-pentafluoropropyl",
    "CC(F)(F)C(F)(F)C(F)(F)F": "2,2,3,3,4,4,4-heptafluorobutyl; 1H,1H-heptafluorobutyl",
    "C(C(F)(F)F)C(F)(F)F": "1,1,1,3,3,3-hexafluoroisopropyl; hexafluoroisopropyl; 1,1,1,3,3,3-hexafluoro-2-propyl",
    "C[Si](C)(C)C": "trimethylsilylmethyl",
    "CCC[Si](OC)(OC)OC": "3-(trimethoxysilyl)propyl",
    "c%10cccc%11ccccc%10%11": "1-naphthyl",
    "c%10ccc%11ccccc%11c%10": "2-naphthyl",
    "c%10ccc(Cl)cc%10": "4-chlorophenyl",
    "c%10ccc(C#N)cc%10": "4-cyanophenyl",
    "c%10c(F)c(F)c(F)c(F)c%10F": "pentafluorophenyl",
}
_SUBSTITUENTS: Names = ALKYLS | {
    "F": "fluoro",
    "Cl": "chloro",
    "Br": "bromo",
    "I": "iodo",
    "O": "hydroxy",
    "OC": "methoxy",
    "OCC": "ethoxy",
    "OC(C)(C)C": "tert-butoxy",
    "OC(C)=O": "acetoxy",
    "N": "amino",
    "N(C)C": "dimethylamino",
    "C#N": "cyano",
    "[N+](=O)[O-]": "nitro",
    "CCl": "chloromethyl",
    "C(F)(F)F": "trifluoromethyl",
    "[Si](C)(C)C": "trimethylsilyl",
}
_ACYLS: Names = {
    "C=O": "formate",
    "C(C)=O": "acetate",
    "C(CC)=O": "propionate; propanoate",
    "C(CCC)=O": "butyrate; butanoate",
    "C(C(C)C)=O": "isobutyrate",
    "C(CCCC)=O": "valerate; pentanoate",
    "C(C(C)(C)C)=O": "pivalate; trimethylacetate",
    "C(CCCCC)=O": "caproate; hexanoate",
    "C(CCCCCCC)=O": "caprylate; octanoate",
    "C(CCCCCCCCC)=O": "caprate; decanoate",
    "C(CCCCCCCCCCC)=O": "laurate; dodecanoate",
    "C(CCCCCCCCCCCCCCC)=O": "palmitate; hexadecanoate",
    "C(CCCCCCCCCCCCCCCCC)=O": "stearate; octadecanoate",
    "C(CCl)=O": "chloroacetate",
    "C(C(F)(F)F)=O": "trifluoroacetate",
    "C(c%10ccccc%10)=O": "benzoate",
    "C(C=Cc%10ccccc%10)=O": "cinnamate",
}
_PHENYLENES: Names = {
    "c%10ccc(cc%10)": "p-phenylene; 1,4-phenylene",
    "c%10cccc(c%10)": "m-phenylene; 1,3-phenylene",
    "c%10ccccc%10": "o-phenylene; 1,2-phenylene",
}
_XYLYLENES: Names = {"Cc%10ccc(cc%10)C": "p-xylylene", "Cc%10cccc(c%10)C": "m-xylylene"}
_COUNTS = ("tri", "tetra", "penta", "hexa", "hepta", "octa", "nona", "deca", "undeca", "dodeca")
_ALKYLENES: Names = {"CC": "ethylene"} | {"C" * length: f"{count}methylene" for length, count in enumerate(_COUNTS, 3)}
# Butylene is the 1,4-unit in esters and amides, but the 1,2-unit in oxides.
_SPACERS: Names = _ALKYLENES | {
    "CCC": "trimethylene; 1,3-propylene; 1,3-trimethylene",
    "CCCC": "tetramethylene; butylene; 1,4-butylene",
}
_GLYCOLS: Names = _SPACERS | {
    "CC": "ethylene; ethylene glycol",
    "CCCC": "tetramethylene; butylene; 1,4-butylene; butanediol; 1,4-butanediol",
    "CCCCCC": "hexamethylene; hexanediol; 1,6-hexanediol",
    "C(C)C": "1,2-propylene",
    "CCOCC": "diethylene glycol; oxydiethylene",
    "CC(C)(C)C": "neopentylene; 2,2-dimethyltrimethylene; neopentyl glycol; 2,2-dimethyl-1,3-propylene",
    "CC%10CCC(CC%10)C": "1,4-cyclohexylenedimethylene; cyclohexylenedimethylene; 1,4-cyclohexanedimethylene; "
    "cyclohexanedimethylene; 1,4-cyclohexylene dimethylene",
    "c%10ccc(cc%10)C(C)(C)c%11ccc(cc%11)": "bisphenol A",
}
_BENZENES: Names = {"c%20ccc(cc%20)": "tere{}", "c%20cccc(c%20)": "iso{}", "c%20ccccc%20": "{}"}
_DIACIDS: Names = {
    "": "oxalate",
    "C": "malonate",
    "CC": "succinate",
    "CCC": "glutarate",
    "CCCC": "adipate",
    "CCCCC": "pimelate",
    "CCCCCC": "suberate",
    "CCCCCCC": "azelate",
    "CCCCCCCC": "sebacate; sebacinate",
    "CCCCCCCCC": "undecanedioate",
    "CCCCCCCCCC": "dodecanedioate",
    "CCCCCCCCCCC": "brassylate; tridecanedioate",
    "/C=C/": "fumarate",
    "/C=C\\": "maleate",
    "C%20CCC(CC%20)": "1,4-cyclohexanedicarboxylate",
    "c%20ccc%21cc(ccc%21c%20)": "2,6-naphthalate; 2,6-naphthalenedicarboxylate; naphthalene-2,6-dicarboxylate; naphthalate; "
    "naphthalenate; naphthalene dicarboxylate; 2,6-naphthalene dicarboxylate",
    "c%20ccc(o%20)": "furanoate; 2,5-furandicarboxylate; furandicarboxylate; furan-2,5-dicarboxylate; furandioate; 2,5-furanoate",
    "c%20ccc(cc%20)-c%21ccc(cc%21)": "4,4'-bibenzoate; bibenzoate; 4,4'-biphenyldicarboxylate",
} | {ring: name.format("phthalate") for ring, name in _BENZENES.items()}
_DIAMIDES: Names = {
    "": "oxamide",
    "C": "malonamide",
    "CC": "succinamide",
    "CCC": "glutaramide",
    "CCCC": "adipamide",
    "CCCCC": "pimelamide",
    "CCCCCC": "suberamide",
    "CCCCCCC": "azelamide; azelaamide; nonanediamide",
    "CCCCCCCC": "sebacamide; decanediamide",
    "CCCCCCCCCC": "dodecanediamide; dodecanamide; dodecanoamide",
    "CCCCCCCCCCC": "tridecanediamide; brassylamide",
    "/C=C/": "fumaramide",
} | {ring: name.format("phthalamide") for ring, name in _BENZENES.items()}
# Each pattern of a name with its pattern of a unit; {0} is the first group, {1} the second.
_OF_GROUPS: tuple[tuple[str, str, Names], ...] = (
    ("poly({0} acrylate)", "*CC(*)C(=O)O{0}", ESTER_GROUPS),
    ("poly({0} methacrylate); poly(methacrylic acid {0} ester)", "*CC(*)(C)C(=O)O{0}", ESTER_GROUPS),
    ("poly({0} ethacrylate); poly({0} 2-ethylacrylate)", "*CC(*)(CC)C(=O)O{0}", ALKYLS),
    ("poly({0} alpha-chloroacrylate); poly({0} 2-chloroacrylate)", "*CC(*)(Cl)C(=O)O{0}", ALKYLS),
    ("poly({0} cyanoacrylate); poly({0} 2-cyanoacrylate); poly({0} alpha-cyanoacrylate)", "*CC(*)(C#N)C(=O)O{0}", ALKYLS),
    ("poly(vinyl {0} ether); poly({0} vinyl ether)", "*CC(*)O{0}", ESTER_GROUPS),
    ("poly(vinyl {0} ketone); poly({0} vinyl ketone)", "*CC(*)C({0})=O", ALKYLS),
    ("poly(N-{0}acrylamide); poly({0}acrylamide)", "*CC(*)C(=O)N{0}", ALKYLS),
    ("poly(N-{0}methacrylamide); poly({0}methacrylamide)", "*CC(*)(C)C(=O)N{0}", ALKYLS),
    ("poly(N,N-di{0}acrylamide); poly(di{0}acrylamide)", "*CC(*)C(=O)N({0}){0}", ALKYLS),
    ("poly(N-{0}maleimide)", "*C%90C(*)C(=O)N({0})C%90=O", ALKYLS),
    ("poly(di{0} itaconate)", "*CC(*)(CC(=O)O{0})C(=O)O{0}", ALKYLS),
    ("poly(di{0} fumarate)", "*C(C(=O)O{0})C(*)C(=O)O{0}", ALKYLS),
    ("poly(vinyl {0})", "*CC(*)O{0}", _ACYLS),
    ("poly(di{0}siloxane)", "*O[Si](*)({0}){0}", ALKYLS),
    ("poly(methyl{0}siloxane); poly({0}methylsiloxane)", "*O[Si](*)(C){0}", ALKYLS),
    ("poly(di{0}silane); poly(di{0}silylene)", "*[Si](*)({0}){0}", ALKYLS),
    ("poly(methyl{0}silane); poly({0}methylsilane)", "*[Si](*)(C){0}", ALKYLS),
    ("poly(3-{0}thiophene); poly(3-{0}thiophene-2,5-diyl)", "*c%90cc({0})c(*)s%90", ALKYLS),
    ("poly(9,9-di{0}fluorene); poly(9,9-di{0}fluorene-2,7-diyl)", "*c%90ccc%91-c%92ccc(*)cc%92C({0})({0})c%91c%90", ALKYLS),
    ("poly(2-{0}-2-oxazoline); poly(2-{0}oxazoline)", "*CCN(*)C({0})=O", ALKYLS),
    ("poly(2-{0}styrene); poly(o-{0}styrene); poly(ortho-{0}styrene)", "*CC(*)c%90ccccc%90{0}", _SUBSTITUENTS),
    ("poly(3-{0}styrene); poly(m-{0}styrene); poly(meta-{0}styrene)", "*CC(*)c%90cccc({0})c%90", _SUBSTITUENTS),
    ("poly(4-{0}styrene); poly(p-{0}styrene); poly(para-{0}styrene)", "*CC(*)c%90ccc({0})cc%90", _SUBSTITUENTS),
    ("poly({0} oxide); poly({0} ether)", "*{0}O*", _ALKYLENES | _PHENYLENES | _XYLYLENES),
    ("poly({0} sulfide); poly({0} thioether)", "*{0}S*", _ALKYLENES | _PHENYLENES),
    ("poly({0} sulfone)", "*{0}S(*)(=O)=O", _ALKYLENES | _PHENYLENES),
    ("poly({0})", "*{0}*", _PHENYLENES),
    ("poly({0} disulfide)", "*{0}SS*", _ALKYLENES),
    ("poly({0} carbonate)", "*O{0}OC(*)=O", _GLYCOLS),
    ("poly({0} urea)", "*N{0}NC(*)=O", _ALKYLENES),
)  # fmt: skip
_OF_PAIRS: tuple[tuple[str, str, Names, Names], ...] = (
    ("poly({0} {1})", "*O{0}OC(=O){1}C(*)=O", _GLYCOLS | _PHENYLENES, _DIACIDS),
    ("poly({0} {1})", "*N{0}NC(=O){1}C(*)=O", _SPACERS | _PHENYLENES | _XYLYLENES, _DIAMIDES),
)

_TWO_RINGS = "c%10ccc(cc%10){}c%11ccc(cc%11)"
_TWO_META_RINGS = "c%10cccc(c%10){}c%11cccc(c%11)"
_HEXAFLUOROISOPROPYLIDENE = "C(C(F)(F)F)(C(F)(F)F)"
_DIAMINES: Names = {
    _TWO_RINGS.format("O"): "ODA; 4,4'-ODA; oxydianiline; 4,4'-oxydianiline",
    _TWO_META_RINGS.format("O"): "3,3'-ODA",
    _TWO_RINGS.format("C"): "MDA; 4,4'-MDA; 4,4'-methylenedianiline",
    _TWO_RINGS.format("C(C)(C)"): "IPDA",
    _TWO_RINGS.format("S(=O)(=O)"): "4,4'-DDS; pDDS",
    _TWO_META_RINGS.format("S(=O)(=O)"): "3,3'-DDS; mDDS",
    _TWO_RINGS.format(_HEXAFLUOROISOPROPYLIDENE): "6FpDA; 4,4'-6F",
    _TWO_META_RINGS.format(_HEXAFLUOROISOPROPYLIDENE): "6FmDA; 3,3'-6F",
    _TWO_RINGS.format("-"): "benzidine",
    "c%10ccc(cc%10)": "p-PDA; PPD; pPDA; p-phenylenediamine; 1,4-phenylenediamine",
    "c%10cccc(c%10)": "m-PDA; MPD; mPDA; m-phenylenediamine; 1,3-phenylenediamine",
    "c%10c(C)cc(C)c(c%10C)": "DAM",
    "c%10c(C)c(C)c(c(C)c%10C)": "durene",
    "c%10ccc(c(c%10)C(F)(F)F)-c%11ccc(cc%11C(F)(F)F)": "TFMB; TFDB; PFMB",
}
_PYROMELLITIMIDE = "*{1}N%90C(=O)c%91cc%92c(cc%91C%90=O)C(=O)N(*)C%92=O"
_TWO_PHTHALIMIDES = "*{1}N%90C(=O)c%91ccc(cc%91C%90=O){0}c%92ccc%93c(c%92)C(=O)N(*)C%93=O"
_DIANHYDRIDES: Names = {
    "-": "BPDA; sBPDA; s-BPDA",
    "C(=O)": "BTDA",
    _HEXAFLUOROISOPROPYLIDENE: "6FDA",
    "O": "ODPA",
    "S(=O)(=O)": "DSDA",
    "Oc%20ccc(cc%20)C(C)(C)c%21ccc(cc%21)O": "BPADA; BisA-DA",
}
_DIISOCYANATES: Names = {"CCCCCC": "HDI", "c%20ccc(cc%20)Cc%21ccc(cc%21)": "MDI; 4,4'-MDI"}
_DIOLS: Names = {
    "CC": "ethylene glycol; EG",
    "CCC": "1,3-propanediol; PDO",
    "CCCC": "1,4-butanediol; BDO; butanediol",
    "CCCCCC": "1,6-hexanediol; HDO; hexanediol",
}
# The polymer is named by what it is made of; the first name of a pair stands for the family.
_OF_MONOMERS = (
    ("{0}-{1} polyimide; {0}-{1}; poly({0}-{1}); polyimide {0}-{1}; PI({0}-{1}); PI {0}-{1}", _TWO_PHTHALIMIDES, _DIANHYDRIDES, _DIAMINES),
    ("{0}-{1} polyimide; {0}-{1}; poly({0}-{1}); polyimide {0}-{1}; PI({0}-{1}); PI {0}-{1}", _PYROMELLITIMIDE, {"": "PMDA"}, _DIAMINES),
    ("{0}-{1} polyurethane; polyurethane {0}-{1}; poly({0}-{1})", "*O{1}OC(=O)N{0}NC(*)=O", _DIISOCYANATES, _DIOLS),
)  # fmt: skip


def family_names() -> Iterator[tuple[str, str, str]]:
    """Every name of the families with the SMILES of its repeat unit, not canonical, and its source."""
    for patterns, unit, groups in _OF_GROUPS:
        for fragment, names in groups.items():
            yield from _names(patterns, unit, (fragment, ""), names, "", SOURCE_BASED)
    for patterns, unit, groups, second_groups in _OF_PAIRS:
        for fragment, names in groups.items():
            for second, second_names in second_groups.items():
                yield from _names(patterns, unit, (fragment, second), names, second_names, SOURCE_BASED)
    for patterns, unit, groups, second_groups in _OF_MONOMERS:
        for fragment, names in groups.items():
            for second, second_names in second_groups.items():
                yield from _names(patterns, unit, (fragment, second), names, second_names, "named by its monomers")
    for length, stem in ({4: "but"} | _STEMS).items():
        unit, alkene = f"*CC(*){'C' * (length - 2)}", f"{stem}ene"
        for name in (f"poly(1-{alkene})", f"poly({alkene[:-3]}-1-ene)", f"poly({alkene}-1)", f"poly(alpha-{alkene})"):
            yield name, unit, SOURCE_BASED
    yield from polyamide_names()


def _names(
    patterns: str, unit: str, fragments: tuple[str, str], names: str, second_names: str, source: str
) -> Iterator[tuple[str, str, str]]:
    smiles = unit.format(*fragments)
    for pattern in patterns.split("; "):
        for name in names.split("; "):
            for second in second_names.split("; "):
                yield pattern.format(name, second), smiles, source
