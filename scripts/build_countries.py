"""Builds the country files of the standard from public sources; run by hand when a country changes its name.

    .venv/bin/python scripts/build_countries.py TAXONOMY.csv

TAXONOMY.csv is the OCHA countries and territories taxonomy (inside the package ``hdx-python-country``); it holds
the M49 names in English, French, Spanish and Arabic. German and the names in all other languages come from CLDR
through Babel. Writes ``countries.csv`` (one line per country) and ``country_names.csv`` (exact names for reading
contributors' files). The result is committed, so that building the software needs neither source.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel import Locale

from ctdc.standard.folding import fold

DATA = Path(__file__).resolve().parents[1] / "src" / "ctdc" / "standard" / "data"
M49 = {"ar": "M49 Arabic", "en": "M49 English", "fr": "M49 French", "es": "M49 Spanish"}
KOSOVO = "XK"  # CLDR's code; the codebook counts Kosovo (UNSCR 1244) within Serbia
# Languages of states and of large registries. Not all of CLDR: in some small locales the name of one country is the
# everyday name of another (Nigerian Pidgin's Niger), and a name must never be wrong.
LANGUAGES_OF_FORMS = (
    "af am ar az be bg bn bs ca cs cy da de de_AT el en en_GB es es_MX et eu fa fi fil fr fr_CA ga gl gu he hi hr hu "
    "hy id is it ja ka kk km ko ky lo lt lv mk mn mr ms mt my nb ne nl nn pa pl ps pt pt_PT ro ru si sk sl so sq sr "
    "sr_Latn sv sw ta te tg th ti tk tr uk ur uz vi zh zh_Hant"
)
SHORTEST_NAME = 4  # shorter texts are left to the ISO codes, which nothing may shadow

# Where the source abbreviates (the UN's Arabic lists invert a name around a dash), has a slip, or lacks the name.
OVERRIDES: dict[str, dict[str, str]] = {
    "TWN": {
        "ar": "مقاطعة تايوان الصينية",
        "en": "Taiwan, Province of China",
        "fr": "Taïwan, province de Chine",
        "de": "Taiwan, Provinz Chinas",
        "es": "Taiwán, provincia de China",
    },
    "HKG": {
        "ar": "هونغ كونغ، منطقة الصين الإدارية الخاصة",
        "en": "Hong Kong, China (SAR)",
        "fr": "Hong Kong, Chine (RAS)",
        "de": "Hongkong, China (SVR)",
        "es": "Hong Kong, China (RAE)",
    },
    "MAC": {
        "ar": "ماكاو، منطقة الصين الإدارية الخاصة",
        "en": "Macao, China (SAR)",
        "fr": "Macao, Chine (RAS)",
        "de": "Macau, China (SVR)",
        "es": "Macao, China (RAE)",
    },
    "BOL": {"ar": "دولة بوليفيا المتعددة القوميات"},
    "FSM": {"ar": "ولايات ميكرونيزيا الموحدة"},
    "IRN": {"ar": "جمهورية إيران الإسلامية"},
    "VEN": {"ar": "جمهورية فنزويلا البوليفارية"},
    "NLD": {"ar": "مملكة هولندا"},
    "ATF": {"ar": "الأراضي الفرنسية الجنوبية"},
    "UMI": {"ar": "جزر الولايات المتحدة الصغيرة النائية"},
    "IOT": {"ar": "الإقليم البريطاني في المحيط الهندي"},
    "SJM": {"ar": "جزيرتا سفالبارد وجان ماين"},
    "FRO": {"ar": "جزر فارو"},
    "TLS": {"ar": "تيمور-ليشتي"},
    "GNB": {"ar": "غينيا-بيساو"},
    "NRU": {"ar": "ناورو"},
    "PSE": {"de": "Staat Palästina"},
    "COD": {"de": "Demokratische Republik Kongo"},
    "COG": {"de": "Kongo"},
    "PRK": {"de": "Demokratische Volksrepublik Korea"},
    "KOR": {"de": "Republik Korea"},
    "LAO": {"de": "Demokratische Volksrepublik Laos"},
    "FLK": {"de": "Falklandinseln (Malwinen)"},
    "VAT": {"de": "Heiliger Stuhl"},
    "SYR": {"de": "Arabische Republik Syrien"},
    "RUS": {"de": "Russische Föderation"},
    "USA": {"de": "Vereinigte Staaten von Amerika"},
    "BES": {"de": "Bonaire, St. Eustatius und Saba"},
    "MAF": {"en": "Saint Martin (French part)", "de": "St. Martin (französischer Teil)"},
    "SXM": {"de": "St. Martin (niederländischer Teil)"},
}

# Names in daily use that neither source lists; each is exact, none is shared by two countries.
EVERYDAY = {
    "GBR": ("Great Britain", "United Kingdom", "U.K.", "UK", "Grande-Bretagne", "Großbritannien", "Gran Bretaña"),
    "USA": ("U.S.A.", "U.S.", "United States", "Estados Unidos", "EE.UU.", "EEUU", "États-Unis", "E.U.A.", "EUA"),
    "CIV": ("Ivory Coast", "Cote d'Ivoire", "Costa de Marfil", "Costa do Marfim", "Elfenbeinküste"),
    "MMR": ("Burma", "Birma", "Birmanie", "Birmania"),
    "SWZ": ("Swaziland",),
    "MKD": ("Macedonia", "FYR Macedonia", "The former Yugoslav Republic of Macedonia"),
    "CPV": ("Cape Verde",),
    "CZE": ("Czech Republic", "République tchèque", "República Checa", "Tschechische Republik"),
    "COD": ("DR Congo", "DRC", "Congo, Democratic Republic of the", "Congo (Kinshasa)", "RDC", "RD Congo", "Zaire"),
    "COG": ("Republic of the Congo", "Congo (Brazzaville)", "Congo-Brazzaville", "République du Congo"),
    "KOR": ("South Korea", "Korea, Republic of", "Republic of Korea (South)"),
    "PRK": ("North Korea", "Korea, Democratic People's Republic of", "DPRK"),
    "LAO": ("Laos", "Lao PDR"),
    "RUS": ("Russia",),
    "SYR": ("Syria",),
    "TZA": ("Tanzania",),
    "VNM": ("Vietnam",),
    "IRN": ("Iran, Islamic Republic of", "Islamic Republic of Iran"),
    "MDA": ("Moldova, Republic of", "Moldova", "Moldavia", "Moldavie", "Moldawien"),
    "BOL": ("Bolivia, Plurinational State of",),
    "VEN": ("Venezuela, Bolivarian Republic of",),
    "TUR": ("Turkey", "Turquie", "Turquía"),
    "NLD": ("Holland", "The Netherlands"),
    "GMB": ("The Gambia", "Gambia, The"),
    "BHS": ("The Bahamas", "Bahamas, The"),
    "PSE": ("Palestine", "Occupied Palestinian Territory", "Palestine, State of", "Palestina"),
    "TLS": ("East Timor",),
    "VAT": ("Vatican", "Vatican City", "Holy See (Vatican City State)"),
    "BRN": ("Brunei",),
    "BLR": ("Belorussia", "Byelorussia", "Biélorussie", "Bielorrusia", "Weißrussland"),
    "KGZ": ("Kirghizia", "Kyrgyz Republic"),
    "SVK": ("Slovak Republic",),
    "HKG": ("Hong Kong", "Hong Kong SAR, China"),
    "MAC": ("Macau", "Macau SAR, China"),
    "TWN": ("Taiwan Province of the People's Republic of China", "Taiwan (Province of China)"),
    "SRB": ("Kosovo", "Kosovo under United Nations Security Council Resolution 1244", "Serbia and Kosovo"),
    "CHN": ("Tibet", "Tibet, Province of China", "People's Republic of China", "PR China", "Mainland China"),
    "FSM": ("Micronesia",),
    "VIR": ("Virgin Islands, U.S.",),
    "VGB": ("Virgin Islands, British",),
    "NRU": ("Naoero",),
}


def read_taxonomy(path: Path) -> dict[str, dict[str, str]]:
    """Rows of the taxonomy by alpha-3; its second line holds HXL tags and is passed over."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["ISO 3166-1 Alpha 3-Codes"]: row for row in rows if len(row["ISO 3166-1 Alpha 3-Codes"]) == 3}


def labels(alpha3: str, row: dict[str, str]) -> dict[str, str]:
    """The five names of one country."""
    names = {language: " ".join(row[column].split()).replace("’", "'") for language, column in M49.items()}
    names["de"] = Locale("de").territories[row["ISO 3166-1 Alpha 2-Codes"]].replace("’", "'")
    return {**names, **OVERRIDES.get(alpha3, {})}


def subregion(row: dict[str, str]) -> str:
    """The M49 area at the level which the codebook calls sub-region: the intermediate one where it exists."""
    intermediate = row["Intermediate Region Code"]
    channel_islands = "830"  # an M49 grouping below Northern Europe which the codebook does not use
    code = intermediate if intermediate and intermediate != channel_islands else row["Sub-region Code"]
    return code.zfill(3) if code else ""


def languages() -> Iterator[Locale]:
    """The languages that official forms are likely to be filled in."""
    return map(Locale.parse, LANGUAGES_OF_FORMS.split())


def all_names(taxonomy: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """(name, alpha-3) from CLDR, the taxonomy and daily use; ambiguous ones are still among them."""
    by_alpha2 = {row["ISO 3166-1 Alpha 2-Codes"]: alpha3 for alpha3, row in taxonomy.items()} | {KOSOVO: "SRB"}
    for locale in languages():
        for alpha2, name in locale.territories.items():
            if alpha2 in by_alpha2:
                yield name, by_alpha2[alpha2]
    columns = [name for name in next(iter(taxonomy.values())) if name.endswith(("Short", "Formal", "Term"))]
    for alpha3, row in taxonomy.items():
        for column in [*columns, *M49.values(), "M49 Russian", "M49 Chinese"]:
            yield row[column], alpha3
        yield from ((name, alpha3) for name in labels(alpha3, row).values())


def exact_names(pairs: Iterable[tuple[str, str]], codes: set[str]) -> dict[str, str]:
    """Folded name -> alpha-3, without names that two countries share and without what an ISO code could be."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, alpha3 in pairs:
        found[fold(name)].add(alpha3)
    return {
        name: next(iter(countries))
        for name, countries in sorted(found.items())
        if len(countries) == 1 and name not in codes and (len(name) >= SHORTEST_NAME or not name.isascii()) and name
    }


def write(path: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    """A CSV with Unix line ends, so that differences are readable."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(source: Path) -> None:
    """Write both files."""
    taxonomy = read_taxonomy(source)
    write(
        DATA / "countries.csv",
        ["alpha3", "alpha2", "m49", "subregion", "ar", "en", "fr", "de", "es"],
        (
            [alpha3, row["ISO 3166-1 Alpha 2-Codes"], row["m49 numerical code"].zfill(3), subregion(row)]
            + [labels(alpha3, row)[language] for language in ("ar", "en", "fr", "de", "es")]
            for alpha3, row in sorted(taxonomy.items())
        ),
    )
    codes = {code.lower() for alpha3, row in taxonomy.items() for code in (alpha3, row["ISO 3166-1 Alpha 2-Codes"])}
    names = exact_names(all_names(taxonomy), codes)
    names |= {fold(name): alpha3 for alpha3, listed in EVERYDAY.items() for name in listed}
    by_country: dict[str, list[str]] = defaultdict(list)
    for name, alpha3 in sorted(names.items()):
        by_country[alpha3].append(name)
    write(
        DATA / "country_names.csv",
        ["alpha3", "names"],
        ([alpha3, "|".join(listed)] for alpha3, listed in sorted(by_country.items())),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
