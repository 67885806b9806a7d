"""Simulated contributor 4: the national registry of a Portuguese-speaking country, one text file.

Its marks: Portuguese column names, words and country names, Windows-1252, semicolons between columns, day/month/year,
begging and crime counted as forms of exploitation rather than as sectors of work, no duration, no perpetrators.
"""

from __future__ import annotations

import numpy as np

from ctdc.simulate.countries import Countries
from ctdc.simulate.draft import Blank, Draft, join_lists, labels
from ctdc.simulate.layout import CsvFile, Layout
from ctdc.simulate.natives.common import AGE_BANDS, AGE_STARTS, GENDERS, MAJORITY, case_ids, date_text, know_recruiters
from ctdc.simulate.people import Ints, People
from ctdc.simulate.world import EXPLOITATION, MEANS, SECTORS, SEX_TYPES

BLANKS = (
    Blank("", "not_asked", 4),
    Blank("Não disponível", "unknown", 4),
    Blank("Recusou responder", "refused", 0.5),
    Blank("Não aplicável", "not_applicable", 0),
)
RECORDED = {
    "gender": (0.98, 0.99, 0.99),
    "age": (0.8, 0.85, 0.9),
    "majority_start": (0.4, 0.5, 0.6),
    "citizenship": (0.95, 0.97, 0.98),
    "place": (0.9, 0.95, 0.97),
    "exploitation": (0.85, 0.9, 0.95),
    "sectors": (0.4, 0.5, 0.6),
    "sex_types": (0.3, 0.4, 0.4),
    "means": (0.25, 0.35, 0.4),
    "recruiter": (0.25, 0.35, 0.4),
    "abduction": (0.0, 0.3, 0.5),
}
SEPARATOR = " | "
WORDS_GENDER = ("Feminino", "Masculino", "Outro")
WORDS_FORM = (
    "Laboral",
    "Mendicidade forçada",
    "Prática de atividades criminosas",
    "Sexual",
    "Casamento forçado",
    "Recrutamento por grupos armados",
    "Remoção de órgãos",
    "Escravidão ou práticas similares",
    "Outra forma",
)
FORM_SECTORS = ("Begging", "IllicitActivities")
ASKED_SECTORS = ("Agriculture", "Aquafarming", "Construction", "DomesticWork", "Hospitality", "Manufacturing", "Other")
WORDS_SECTORS = (
    "Agricultura",
    "Pesca e aquicultura",
    "Construção civil",
    "Serviço doméstico",
    "Hotelaria e restauração",
    "Indústria transformadora",
    "Outro setor",
)
WORDS_SEX = (
    "Prostituição",
    "Pornografia",
    "Serviços à distância",
    "Serviços sexuais privados",
    "Outra",
)
WORDS_MEANS = (
    "Servidão por dívidas",
    "Retenção do salário",
    "Controlo do dinheiro",
    "Ameaças",
    "Coação psicológica",
    "Agressões físicas",
    "Agressões sexuais",
    "Falsas promessas",
    "Álcool ou drogas",
    "Restrição de movimentos",
    "Negação de cuidados médicos",
    "Horários excessivos",
    "Controlo através dos filhos",
    "Ameaça de denúncia às autoridades",
    "Privação de bens essenciais",
    "Retenção de documentos",
    "Outro meio",
)
WORDS_RECRUITERS = ("Companheiro(a)", "Amigo(a) ou conhecido(a)", "Familiar", "Outra pessoa")
UNKNOWN_RECRUITER = "Desconhecido"

LAYOUT: Layout = (CsvFile("SIMULATED_registo_nacional.csv", "main", encoding="cp1252", delimiter=";"),)


def _person(draft: Draft, people: People, countries: Countries) -> None:
    draft.column("N.º do processo", "id", case_ids(people.serial))
    draft.column("Data de sinalização", "date", date_text(people.registered, "{day:02d}/{month:02d}/{year}"))
    draft.know("Datasource", ("Case Management",), np.zeros(people.size, dtype=np.int32))
    draft.know("yearOfRegistration", [str(value) for value in range(1970, 2040)], people.year - 1970)

    state = draft.state("gender")
    draft.column("Sexo", "code", labels(WORDS_GENDER, people.gender), state)
    draft.know("gender", GENDERS, people.gender, state)
    state = draft.state("age")
    draft.column("Idade", "number", people.age.astype(str).astype(object), state)
    draft.know("ageBroad", AGE_BANDS, np.searchsorted(AGE_STARTS, people.age, side="right"), state)
    draft.know("majorityStatus", MAJORITY, people.age >= 18, state)
    state = draft.state("majority_start")
    adult = people.age_at_start >= 18
    draft.column("Menor à data da exploração", "code", labels(("Sim", "Não"), adult), state)
    draft.know("majorityStatusAtExploit", MAJORITY, adult, state)

    for group, column, variable, value in (
        ("citizenship", "Nacionalidade", "citizenship", people.citizenship),
        ("place", "País de exploração", "CountryOfExploitation", people.exploited_in),
    ):
        state = draft.state(group)
        draft.column(column, "country", labels(countries.portuguese, value), state)
        draft.know(variable, countries.alpha3, value, state)


def _forms(draft: Draft, people: People) -> None:
    """Begging and crime are forms of exploitation here: they say forced labour and the sector at once."""
    state = draft.state("exploitation")
    labour, *others = people.exploitation.T
    special = [people.flag("sectors", name) for name in FORM_SECTORS]
    plain = labour & ~(special[0] | special[1])
    items = np.stack([plain, *special, *others], axis=1)
    draft.column("Formas de exploração", "list", join_lists(items, WORDS_FORM, SEPARATOR), state)
    for position, variable in enumerate(EXPLOITATION):
        draft.know_flag(variable, people.exploitation[:, position], state)
    for name, flag in zip(FORM_SECTORS, special, strict=True):
        draft.know_flag(f"typeOfLabour{name}", flag, state)


def _lists(draft: Draft, people: People) -> None:
    def listed(column: str, words: tuple[str, ...], variables: list[str], flags: np.ndarray, state: Ints) -> None:
        state = np.where(flags.any(axis=1), state, draft.blank_state("not_applicable")).astype(np.int32)
        draft.column(column, "list", join_lists(flags, words, SEPARATOR), state)
        for position, variable in enumerate(variables):
            draft.know_flag(variable, flags[:, position], state)

    sectors = people.sectors[:, [SECTORS.index(name) for name in ASKED_SECTORS]]
    names = [f"typeOfLabour{name}" for name in ASKED_SECTORS]
    listed("Setor de atividade", WORDS_SECTORS, names, sectors, draft.state("sectors"))
    names = [f"typeOfSex{name}" for name in SEX_TYPES]
    listed("Exploração sexual", WORDS_SEX, names, people.sex_types, draft.state("sex_types"))
    names = [f"meansOfControl{name}" for name in MEANS]
    listed("Meios de controlo", WORDS_MEANS, names, people.means, draft.state("means"))

    state = draft.state("recruiter")
    unknown = draft.generator.random(people.size) < 0.08
    relation = np.where(unknown, UNKNOWN_RECRUITER, join_lists(people.recruiters, WORDS_RECRUITERS, SEPARATOR))
    draft.column("Relação com o recrutador", "list", relation, state)
    know_recruiters(draft, state, unknown)
    state = draft.state("abduction")
    draft.column("Rapto", "code", labels(("Não", "Sim"), people.abducted), state)
    draft.know("isAbduction", ("0", "1"), people.abducted, state)


IMPOSSIBLE = (
    "majorityEntry",
    "traffickMonths",
    "meansOfControlNotSpecified",
    "typeOfLabourMiningOrDrilling",
    "typeOfLabourPeddling",
    "typeOfLabourTransportation",
    "typeOfLabourNotSpecified",
    "IP_Gender",
    "IP_ageBroad",
    "IP_citizen_UNRegion",
    "IP_Relation",
    "IP_PayMoney",
    "IP_Exploiter",
    "IP_RecruiterBroker",
    "IP_TransactionProcess",
    "IP_ControlAbuseKidnap",
)


def draft(people: People, countries: Countries, generator: np.random.Generator) -> Draft:
    """The rows of this contributor for a block of people, and their truth."""
    result = Draft(people, BLANKS, RECORDED, generator)
    _person(result, people, countries)
    _forms(result, people)
    _lists(result, people)
    result.impossible(IMPOSSIBLE)
    return result
