"""Attacks on a release: leaks of all sizes are found, and nothing is where nothing is."""

import numpy as np
import pytest
from tests.support.crowds import SCHEMA, SIZES, crowd, mixed, part

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Silent
from ctdc.privacy.attacks.candidates import Candidate, Measured, coded_candidate, read_candidate
from ctdc.privacy.attacks.claims import Claim
from ctdc.privacy.attacks.difference import FOUND, NOTHING, WITHIN, compare_scores, either_way
from ctdc.privacy.attacks.findings import (
    ALONE,
    ATTACKS,
    FORMAT,
    ISOLATED,
    NEVER_PUBLISH,
    UNFIT,
    Attacked,
    AttackReport,
    AttackSettings,
)
from ctdc.privacy.attacks.release import Game, attack_release
from ctdc.privacy.kanonymity.anonymise import local_recoding
from ctdc.privacy.kanonymity.hierarchy import hierarchy
from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.count import marginal
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

pytestmark = pytest.mark.slow
PEOPLE = 20_000
FAST = AttackSettings(attacks=1000)


def k_anonymous(table: CodedTable, columns: int, k: int) -> Candidate:
    """The table made k-anonymous over its first columns, by suppression."""
    texts = [[*("" if not code else f"v{code}" for code in range(size))] for size in SIZES[:columns]]
    ways = [hierarchy(f"c{place}", values) for place, values in enumerate(texts)]
    result = local_recoding(ways, table.matrix()[:columns].T.astype(np.int64), k)
    written = table.to_arrow().filter(result.kept)
    for place, way in enumerate(ways):
        written = written.set_column(place, f"c{place}", [[way.names[node] for node in result.nodes[:, place]]])
    return read_candidate("k-anonymous", written, SCHEMA, {}, "file")


@pytest.fixture(scope="module")
def members() -> CodedTable:
    return crowd(PEOPLE, 1)


@pytest.fixture(scope="module")
def report(members: CodedTable) -> AttackReport:
    others = crowd(PEOPLE, 3)
    candidates = [
        coded_candidate("independent", others),
        coded_candidate("one percent", mixed(members, others, 0.01)),
        coded_candidate("ten percent", mixed(members, others, 0.1)),
        coded_candidate("copy", members),
        k_anonymous(members, 4, 11),
    ]
    chosen = AttackSettings(attacks=4000, quasi=SCHEMA.names[:4])
    return attack_release(members, crowd(PEOPLE, 2), candidates, chosen)


def attacked(report: AttackReport, name: str) -> Attacked:
    return next(one for one in report.candidates if one.name == name)


def test_a_planted_leak_of_one_percent_is_found(report: AttackReport) -> None:
    found = attacked(report, "one percent")
    assert found.verdict == FOUND
    exact = next(one for one in found.findings if (one.attack, one.targets) == ("exact", ISOLATED))
    assert exact.compared.verdict == FOUND
    assert exact.compared.low < 0.01 < exact.compared.high


def test_a_planted_leak_of_ten_percent_is_found_by_most_attacks(report: AttackReport) -> None:
    verdicts = [one.compared.verdict for one in attacked(report, "ten percent").findings]
    assert verdicts.count(FOUND) > len(verdicts) / 2


def test_an_independent_file_finds_nothing_and_says_how_much_could_be_missed(report: AttackReport) -> None:
    found = attacked(report, "independent")
    assert (found.verdict, found.worst) == (NOTHING, None)
    assert found.smallest is not None
    assert 0 < found.smallest < 0.01
    assert report.fit


def test_a_copy_is_found_as_total(report: AttackReport) -> None:
    found = attacked(report, "copy")
    for one in found.findings:
        if one.attack == "exact" or one.targets == ALONE:
            assert one.compared.members.share == 1.0
    assert found.worst is not None
    assert found.worst.compared.low > 0.99
    assert all(one.compared.verdict == FOUND for one in found.findings if one.attack != "singling-one")


def test_a_k_anonymous_table_is_found_by_what_it_leaves_as_it_was(report: AttackReport) -> None:
    found = attacked(report, "k-anonymous")
    assert found.verdict == FOUND
    by_name = {(one.attack, one.targets): one.compared for one in found.findings}
    assert by_name["exact", ISOLATED].verdict == FOUND
    assert by_name["inference-nearest", ISOLATED].verdict == FOUND
    assert by_name["quasi-one", ALONE].members.successes == 0  # what it does promise


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_nothing_is(seed: int) -> None:
    """Each report finds something in an independent file with probability at most 5 %, in truth far less."""
    crowds = [crowd(6000, 1000 + 10 * seed + number) for number in range(3)]
    found = attack_release(crowds[0], crowds[1], [coded_candidate("other", crowds[2])], AttackSettings(seed=seed))
    assert found.verdict == NOTHING


def test_the_same_people_and_seed_give_the_same_report(members: CodedTable) -> None:
    some, control, file = part(members, slice(1000)), crowd(1000, 5), coded_candidate("a", crowd(900, 6))
    one, two = (attack_release(some, control, [file], FAST).as_dict() for _ in range(2))
    assert one == two
    assert attack_release(some, control, [file], AttackSettings(attacks=1000, seed=2)).as_dict() != one


def test_the_report_as_json_has_the_documented_form(report: AttackReport) -> None:
    document = report.as_dict()
    assert (document["format"], document["notice"], document["verdict"]) == (FORMAT, NEVER_PUBLISH, FOUND)
    assert document["reference"] == document["control"] / 2
    for one in document["candidates"]:
        made = {(each["attack"], each["targets"]) for each in one["attacks"]}
        without = {"membership-counts"}
        assert made == {(name, group) for name, groups in ATTACKS.items() if name not in without for group in groups}
        for each in one["attacks"]:
            assert each["low"] <= each["difference"] <= each["high"]
            assert {"attacks", "successes", "share", "low", "high"} == set(each["members"])
    tests = len(document["check"]) + sum(len(one["attacks"]) for one in document["candidates"])
    assert document["confidence_each"] == pytest.approx(1 - 0.05 / tests)


class Exact:
    """Counts published without noise, as if they were measured with next to none."""

    def __init__(self, table: CodedTable) -> None:
        self._matrix, self.total = table.matrix(), float(table.rows)

    def table(self, attributes: tuple[int, ...]):
        return marginal(self._matrix, SIZES, attributes).astype(float), 1e-9


def test_published_counts_of_three_characteristics_tell_when_they_have_no_noise(members: CodedTable) -> None:
    some = part(members, slice(4000))
    file = coded_candidate("independent records", crowd(4000, 9), counts=Exact(some))
    found = attack_release(some, crowd(8000, 8), [file]).candidates[0]
    verdicts = {one.attack: one.compared.verdict for one in found.findings if one.targets == ISOLATED}
    assert verdicts["membership-counts"] == FOUND
    assert verdicts["membership-records"] == verdicts["exact"] == NOTHING


def test_what_a_guarantee_allows_is_no_fault_but_a_copy_is(members: CodedTable) -> None:
    some, control = part(members, slice(4000)), crowd(8000, 8)
    generous = Claim(epsilon=20.0, delta=1e-6, rho=8.0, mu=4.0, curve=4.0)
    strict = Claim(epsilon=1.0, delta=1e-6, rho=0.03, mu=0.24, curve=0.24)
    leak = mixed(some, crowd(4000, 9), 0.2)
    files = [
        Candidate(name, SCHEMA, table.matrix(), coded_candidate("", table).coarse, claim=claim, kind="release")
        for name, table, claim in (("leak", leak, generous), ("copy", some, strict))
    ]
    found = attack_release(some, control, files)
    assert {one.compared.verdict for one in found.candidates[0].findings if one.targets == ISOLATED} <= {
        WITHIN,
        NOTHING,
    }
    assert found.candidates[1].verdict == FOUND
    assert found.candidates[1].as_dict()["guarantee"]["allowed"] < 0.11


def test_a_control_of_another_population_is_noticed(members: CodedTable) -> None:
    matrix = crowd(PEOPLE, 11).matrix().copy()
    matrix[0] = np.where(matrix[0] > 3, 0, matrix[0])  # rare places are not told there
    found = attack_release(members, table_from_matrix(SCHEMA, matrix), [coded_candidate("a", crowd(900, 6))])
    assert not found.fit
    assert found.verdict == UNFIT


# ---- what cannot be attacked ----------------------------------------------------------------------------------------


def refused(*arguments, settings: AttackSettings = FAST) -> str:
    with pytest.raises(UserError) as error:
        attack_release(*arguments, settings)
    return error.value.detail.code


def test_too_few_people_too_few_columns_and_strangers_are_refused(members: CodedTable) -> None:
    some, control = part(members, slice(500)), crowd(500, 5)
    file = coded_candidate("a", control)
    assert refused(part(some, slice(1)), control, [file]) == "attack.too_few"
    assert refused(some, part(control, slice(0)), [file]) == "attack.too_few"
    narrow = Schema((Variable("c", ("1",)), Variable("d", ("1",))))
    two = [table_from_matrix(narrow, np.tile(np.arange(200) % 2, (2, 1)) * sign) for sign in (1, 0)]
    assert refused(*two, [coded_candidate("a", two[0])]) == "attack.columns"
    assert refused(some, control, [coded_candidate("a", two[0])]) == "attack.columns"


def test_a_control_of_the_same_rows_in_another_order_is_refused(members: CodedTable) -> None:
    some = part(members, slice(500))
    turned = table_from_matrix(SCHEMA, some.matrix()[:, ::-1])
    assert refused(some, turned, [coded_candidate("a", some)]) == "attack.control"


def test_quasi_identifiers_leave_something_to_find_out(members: CodedTable) -> None:
    some, control = part(members, slice(500)), crowd(500, 5)
    file = [coded_candidate("a", control)]
    for names in (("nobody",), ("c0", "c0"), SCHEMA.names):
        assert refused(some, control, file, settings=AttackSettings(quasi=names)) == "attack.columns"
    chosen = attack_release(some, control, file, AttackSettings(attacks=200, quasi=("c5", "c1")))
    assert chosen.quasi == ("c1", "c5")


@pytest.mark.parametrize(
    "choice", [{"attacks": 5}, {"isolated": 1.0}, {"described_by": 1}, {"confidence": 1.0}, {"seed": -1}]
)
def test_settings_that_make_no_sense_are_refused(choice: dict[str, float]) -> None:
    with pytest.raises(UserError, match="The "):
        AttackSettings(**choice)


def test_a_file_of_one_record_and_a_file_without_any_value_are_attacked_in_vain(members: CodedTable) -> None:
    some, control = part(members, slice(500)), crowd(500, 5)
    empty = table_from_matrix(SCHEMA, np.zeros((len(SIZES), 300), np.uint16))
    files = [coded_candidate("one", crowd(1, 6)), coded_candidate("empty", empty)]
    found = attack_release(some, control, files, AttackSettings(attacks=200))
    assert [one.verdict for one in found.candidates] == [NOTHING, NOTHING]


def test_estimates_answer_only_what_was_measured() -> None:
    class Estimates:
        sets = ((), (0,))

        def total(self):
            return 7.5, 1.0

        def table(self, attributes):
            return np.arange(3.0)

        def variance(self, attributes):
            return 2.0

    counts = Measured(Estimates())  # type: ignore[arg-type]
    assert counts.total == 7.5
    assert counts.table((1,)) is None
    stated = counts.table((0,))
    assert stated is not None
    assert stated[1] == 2.0


def test_the_check_of_the_control_does_not_depend_on_the_order_of_members() -> None:
    """As they stand here, the fifth that chooses the threshold would be of the unusual alone, and mislead it."""
    game = Game(SCHEMA, crowd(2000, 1).matrix(), crowd(4000, 2).matrix(), np.arange(3), FAST, Silent())
    members, others = np.zeros(2000), np.zeros(2000)
    members[::5] = others[:400] = 5.0
    game.__dict__["surprises"] = (members, others)  # what the property would keep
    unknown = np.zeros(max(part.stop for part in game.parts.values()))
    check = {one.attack: one.compared for one in game._checked(unknown, 0.001)}
    assert check["surprise"].verdict == NOTHING
    assert check == {one.attack: one.compared for one in game._checked(unknown, 0.001)}
    unmixed = compare_scores(-members, -others, 0.001), compare_scores(members, others, 0.001)
    assert FOUND in {either_way(one).verdict for one in unmixed}
